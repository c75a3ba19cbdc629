// SPDX-License-Identifier: Apache-2.0
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Runs a Java client's scenarios. A driver has code for each scenario, under the name it has in
 * ../scenarios.tsv; a string instead says why the client has no way to do it.
 */
final class Scenarios {
	static final long LIMIT_S = 15;
	static final Path HERE = Path.of(System.getenv("INTEROP_HERE"));
	static int port;

	interface Case {
		void run() throws Exception;
	}

	private Scenarios() {}

	static String name() {
		return "m-" + UUID.randomUUID();
	}

	static void same(Object got, Object wanted) {
		if (!Objects.equals(got, wanted)) {
			throw new AssertionError(got + " instead of " + wanted);
		}
	}

	static void truth(boolean holds, String what) {
		if (!holds) {
			throw new AssertionError(what);
		}
	}

	static List<String> numbers(int n) {
		return IntStream.range(0, n).mapToObj(String::valueOf).collect(Collectors.toList());
	}

	static byte[] pattern(int n) {
		byte[] out = new byte[n];
		for (int i = 0; i < n; i++) {
			out[i] = (byte) (i * 7L % 251);
		}
		return out;
	}

	static void await(BooleanSupplier until) throws InterruptedException {
		long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
		while (!until.getAsBoolean() && System.nanoTime() < end) {
			Thread.sleep(10);
		}
		truth(until.getAsBoolean(), "not so in five seconds");
	}

	/** What has gathered once it holds n things, and still does a little later. */
	static <T> void settled(Collection<T> got, int n) throws InterruptedException {
		await(() -> got.size() >= n);
		Thread.sleep(200);
		same(got.size(), n);
	}

	static void broker(String verb) throws Exception {
		String script = HERE.resolve("../broker.sh").toString();
		same(new ProcessBuilder(script, verb).inheritIO().start().waitFor(), 0);
	}

	private static String why(Throwable e) {
		StringBuilder text = new StringBuilder();
		for (Throwable t = e; t != null && text.length() < 400; t = t.getCause()) {
			text.append(t).append(' ');
		}
		return text.toString().replaceAll("\\s+", " ").strip();
	}

	private static String trouble(Case run) {
		CompletableFuture<String> done = new CompletableFuture<>();
		Thread thread = new Thread(() -> {
			try {
				run.run();
				done.complete("");
			} catch (Throwable e) {
				done.complete(why(e));
			}
		});
		thread.setDaemon(true);
		thread.start();
		try {
			return done.get(LIMIT_S, TimeUnit.SECONDS);
		} catch (TimeoutException e) {
			return "not done in " + LIMIT_S + " s";
		} catch (Exception e) {
			return why(e);
		}
	}

	/** Runs all scenarios, or those whose numbers stand behind the port. */
	static void main(String[] args, Map<String, Object> cases) throws Exception {
		List<String> chosen = Arrays.asList(args).subList(1, args.length);
		boolean failed = false;
		for (String line : Files.readAllLines(HERE.resolve("../scenarios.tsv"))) {
			String number = line.split("\t")[0];
			String what = line.split("\t")[1];
			if (!chosen.isEmpty() && !chosen.contains(number)) {
				continue;
			}
			Object run = cases.get(what);
			String told = run instanceof Case ? trouble((Case) run) : (String) run;
			String verdict = !(run instanceof Case) ? "none" : told.isEmpty() ? "ok" : "FAIL";
			String tail = told.isEmpty() ? "" : ": " + told;
			System.out.println(verdict + " " + number + " " + what + tail);
			failed |= verdict.equals("FAIL");
		}
		System.exit(failed ? 1 : 0);
	}
}
