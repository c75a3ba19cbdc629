// SPDX-License-Identifier: Apache-2.0
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.impl.LongStringHelper;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The forty scenarios with RabbitMQ's Java client. usage: Drive PORT [NUMBER ...] */
final class Drive {
	private static final boolean DURABLE = true;
	private static final boolean AUTO_ACK = true;

	private Drive() {}

	interface Action {
		void on(Channel ch) throws Exception;
	}

	interface Body {
		void with(Channel ch, Connection c) throws Exception;
	}

	private static ConnectionFactory factory() {
		ConnectionFactory f = new ConnectionFactory();
		f.setPort(Scenarios.port);
		f.setHost("127.0.0.1");
		f.setAutomaticRecoveryEnabled(false);
		return f;
	}

	/** Runs the scenario with a confirm channel of a connection of its own. */
	private static Scenarios.Case session(Body body) {
		return () -> {
			try (Connection c = factory().newConnection()) {
				body.with(confirming(c), c);
			}
		};
	}

	private static Channel confirming(Connection c) throws IOException {
		Channel ch = c.createChannel();
		ch.confirmSelect();
		return ch;
	}

	private static String queue(Channel ch, Map<String, Object> arguments) throws IOException {
		return ch.queueDeclare("", false, true, false, arguments).getQueue();
	}

	private static String queue(Channel ch) throws IOException {
		return queue(ch, null);
	}

	private static String exchange(Channel ch, String kind, Map<String, Object> arguments)
			throws IOException {
		String x = Scenarios.name();
		ch.exchangeDeclare(x, kind, false, true, arguments);
		return x;
	}

	private static void send(Channel ch, String x, String key, AMQP.BasicProperties p, byte[] body)
			throws Exception {
		ch.basicPublish(x, key, p, body);
		ch.waitForConfirmsOrDie(5000);
	}

	private static void send(Channel ch, String x, String key, String body) throws Exception {
		send(ch, x, key, null, body.getBytes());
	}

	private static void put(Channel ch, String q, String... bodies) throws Exception {
		for (String each : bodies) {
			ch.basicPublish("", q, null, each.getBytes());
		}
		ch.waitForConfirmsOrDie(5000);
	}

	private static void put(Channel ch, String q, int n) throws Exception {
		put(ch, q, Scenarios.numbers(n).toArray(new String[0]));
	}

	private static GetResponse take(Channel ch, String q, boolean autoAck) throws IOException {
		GetResponse m = ch.basicGet(q, autoAck);
		Scenarios.truth(m != null, "the queue is empty");
		return m;
	}

	private static long tag(GetResponse m) {
		return m.getEnvelope().getDeliveryTag();
	}

	private static List<String> bodies(Channel ch, String q) throws IOException {
		List<String> out = new ArrayList<>();
		for (GetResponse m; (m = ch.basicGet(q, AUTO_ACK)) != null;) {
			out.add(new String(m.getBody()));
		}
		return out;
	}

	private static List<Delivery> consume(Channel ch, String q, boolean autoAck)
			throws IOException {
		List<Delivery> got = Collections.synchronizedList(new ArrayList<>());
		ch.basicConsume(q, autoAck, (tag, m) -> got.add(m), tag -> {});
		return got;
	}

	private static List<String> texts(List<Delivery> got) {
		List<String> out = new ArrayList<>();
		for (Delivery each : got) {
			out.add(new String(each.getBody()));
		}
		return out;
	}

	private static int code(ShutdownSignalException e) {
		Method reason = e.getReason();
		return reason instanceof AMQP.Channel.Close
				? ((AMQP.Channel.Close) reason).getReplyCode()
				: ((AMQP.Connection.Close) reason).getReplyCode();
	}

	/** The action closes its channel with this code. */
	private static void refused(int code, Connection c, Action action) throws Exception {
		CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
		Channel ch = c.createChannel();
		ch.addShutdownListener(closed::complete);
		try {
			action.on(ch);
		} catch (IOException | AlreadyClosedException e) {
			// the listener knows more
		}
		Scenarios.same(code(closed.get(3, TimeUnit.SECONDS)), code);
	}

	private static void connect() throws Exception {
		ConnectionFactory f = factory();
		f.setRequestedHeartbeat(30);
		Connection c = f.newConnection();
		Scenarios.same(c.getHeartbeat(), 30);
		Map<String, Object> about = c.getServerProperties();
		for (String key : List.of("product", "version")) {
			Scenarios.truth(!String.valueOf(about.getOrDefault(key, "")).isEmpty(), "no " + key);
		}
		c.createChannel().close();
		c.close();
	}

	private static void loginRefused() throws Exception {
		ConnectionFactory f = factory();
		f.setPassword("wrong");
		try (Connection c = f.newConnection()) {
			Scenarios.truth(false, "let in");
		} catch (AuthenticationFailureException e) {
			Scenarios.truth(e.getMessage().startsWith("ACCESS_REFUSED"), e.getMessage());
		}
	}

	private static void vhostUnknown() throws Exception {
		ConnectionFactory f = factory();
		f.setVirtualHost("nope");
		try (Connection c = f.newConnection()) {
			Scenarios.truth(false, "let in");
		} catch (IOException e) {
			Scenarios.same(code((ShutdownSignalException) e.getCause()), 530);
		}
	}

	private static void channels() throws Exception {
		try (Connection c = factory().newConnection()) {
			List<Channel> all = new ArrayList<>();
			Set<String> names = new HashSet<>();
			for (int i = 0; i < 50; i++) {
				all.add(c.createChannel());
			}
			for (Channel ch : all) {
				names.add(queue(ch));
			}
			for (Channel ch : all) {
				ch.close();
			}
			Scenarios.same(names.size(), 50);
		}
	}

	private static void queueDeclare(Channel ch, Connection c) throws Exception {
		String durable = Scenarios.name();
		String fleeting = Scenarios.name();
		ch.queueDeclare(durable, DURABLE, false, false, null);
		put(ch, durable, "a", "b");
		AMQP.Queue.DeclareOk told = ch.queueDeclarePassive(durable);
		Scenarios.same(told.getMessageCount() + " " + told.getConsumerCount(), "2 0");
		ch.queueDelete(durable);
		Scenarios.truth(queue(ch).startsWith("amq.gen-"), "not named by the server");
		ch.queueDeclare(fleeting, false, false, true, null);
		String consumer = ch.basicConsume(fleeting, (tag, m) -> {}, tag -> {});
		Scenarios.same(ch.queueDeclarePassive(fleeting).getConsumerCount(), 1);
		ch.basicCancel(consumer);
		refused(404, c, other -> other.queueDeclarePassive(fleeting));
	}

	private static void queueMismatch(Channel ch, Connection c) throws Exception {
		String q = Scenarios.name();
		ch.queueDeclare(q, DURABLE, false, false, null);
		refused(406, c, other -> other.queueDeclare(q, false, false, false, null));
		ch.queueDelete(q);
	}

	private static void queuePurgeDelete(Channel ch, Connection c) throws Exception {
		String q = Scenarios.name();
		ch.queueDeclare(q, DURABLE, false, false, null);
		put(ch, q, "a", "b", "c");
		Scenarios.same(ch.queuePurge(q).getMessageCount(), 3);
		put(ch, q, "d", "e");
		refused(406, c, other -> other.queueDelete(q, false, true));
		Channel user = c.createChannel();
		user.basicQos(1);
		consume(user, q, false);
		refused(406, c, other -> other.queueDelete(q, true, false));
		user.close();
		Scenarios.same(ch.queueDelete(q).getMessageCount(), 2);
	}

	private static void exchangeDeclare(Channel ch, Connection c) throws Exception {
		for (String kind : List.of("direct", "fanout", "topic", "headers")) {
			String x = Scenarios.name();
			ch.exchangeDeclare(x, kind, DURABLE);
			ch.exchangeDeclare(x, kind, DURABLE);
			ch.exchangeDelete(x);
			refused(404, c, other -> other.exchangeDeclarePassive(x));
		}
		ch.exchangeDeclarePassive("amq.topic");
	}

	private static void exchangeMismatch(Channel ch, Connection c) throws Exception {
		String x = exchange(ch, "direct", null);
		refused(406, c, other -> other.exchangeDeclare(x, "fanout", false, true, null));
	}

	private static void direct(Channel ch, Connection c) throws Exception {
		String one = queue(ch);
		String two = queue(ch);
		ch.queueBind(one, "amq.direct", one);
		ch.queueBind(two, "amq.direct", two);
		for (String key : List.of(one, two, Scenarios.name())) {
			send(ch, "amq.direct", key, key);
		}
		Scenarios.same(bodies(ch, one), List.of(one));
		Scenarios.same(bodies(ch, two), List.of(two));
	}

	private static void fanout(Channel ch, Connection c) throws Exception {
		String x = exchange(ch, "fanout", null);
		List<String> qs = List.of(queue(ch), queue(ch), queue(ch));
		for (String q : qs) {
			ch.queueBind(q, x, "");
		}
		for (String body : Scenarios.numbers(5)) {
			send(ch, x, body, body);
		}
		for (String q : qs) {
			Scenarios.same(bodies(ch, q), Scenarios.numbers(5));
		}
	}

	private static void topic(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		for (String key : List.of("a.*.c", "#.z", "k.#")) {
			ch.queueBind(q, "amq.topic", key);
		}
		for (String key : List.of("a.b.c", "a.c", "z", "q.r.z", "k", "k.l.m", "a.b.c.d", "")) {
			send(ch, "amq.topic", key, key);
		}
		Scenarios.same(bodies(ch, q), List.of("a.b.c", "z", "q.r.z", "k", "k.l.m"));
	}

	private static AMQP.BasicProperties with(Map<String, Object> headers) {
		return new AMQP.BasicProperties.Builder().headers(headers).build();
	}

	private static void headers(Channel ch, Connection c) throws Exception {
		String both = queue(ch);
		String either = queue(ch);
		ch.queueBind(both, "amq.headers", "", Map.of("k", "report", "s", 7, "x-match", "all"));
		ch.queueBind(either, "amq.headers", "", Map.of("k", "report", "s", 7, "x-match", "any"));
		send(ch, "amq.headers", "", with(Map.of("k", "report", "s", 7)), "2".getBytes());
		send(ch, "amq.headers", "", with(Map.of("k", "report")), "1".getBytes());
		send(ch, "amq.headers", "", with(Map.of("s", 8)), "0".getBytes());
		send(ch, "amq.headers", "", "none");
		Scenarios.same(bodies(ch, both), List.of("2"));
		Scenarios.same(bodies(ch, either), List.of("2", "1"));
	}

	private static void exchangeBind(Channel ch, Connection c) throws Exception {
		String outer = exchange(ch, "topic", null);
		String inner = exchange(ch, "fanout", null);
		String q = queue(ch);
		ch.exchangeBind(inner, outer, "in.#");
		ch.queueBind(q, inner, "");
		send(ch, outer, "in.a", "in");
		send(ch, outer, "out", "out");
		Scenarios.same(bodies(ch, q), List.of("in"));
		ch.exchangeUnbind(inner, outer, "in.#");
	}

	private static void alternate(Channel ch, Connection c) throws Exception {
		String spill = exchange(ch, "fanout", null);
		String lost = queue(ch);
		ch.queueBind(lost, spill, "");
		String x = exchange(ch, "direct", Map.of("alternate-exchange", spill));
		send(ch, x, "nowhere", "spilt");
		Scenarios.same(bodies(ch, lost), List.of("spilt"));
		ch.exchangeDelete(x);
	}

	private static void unbind(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		ch.queueBind(q, "amq.direct", q);
		send(ch, "amq.direct", q, "before");
		ch.queueUnbind(q, "amq.direct", q);
		send(ch, "amq.direct", q, "after");
		Scenarios.same(bodies(ch, q), List.of("before"));
	}

	private static void defaultExchange(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, "x");
		GetResponse m = take(ch, q, AUTO_ACK);
		Scenarios.same(List.of(m.getEnvelope().getExchange(), m.getEnvelope().getRoutingKey(),
				new String(m.getBody())), List.of("", q, "x"));
	}

	private static void properties(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		Map<String, Object> headers = Map.of("a", LongStringHelper.asLongString("b"));
		AMQP.BasicProperties sent = new AMQP.BasicProperties("text/plain", "utf-8", headers, 2, 3,
				"c", "r", "60000", "m", new Date(1700000000000L), "t", "guest", "a", "l");
		send(ch, "", q, sent, "x".getBytes());
		Scenarios.same(take(ch, q, AUTO_ACK).getProps(), sent);
	}

	private static String shown(Object value) {
		if (value instanceof Map) {
			Map<String, String> out = new TreeMap<>();
			((Map<?, ?>) value).forEach((k, v) -> out.put(k.toString(), shown(v)));
			return out.toString();
		}
		if (value instanceof List) {
			return Arrays.toString(((List<?>) value).stream().map(Drive::shown).toArray());
		}
		if (value instanceof byte[]) {
			return "bytes " + Arrays.toString((byte[]) value);
		}
		String kind = value == null ? "" : value.getClass().getSimpleName() + " ";
		return kind.replaceFirst("LongStringHelper|ByteArrayLongString", "String") + value;
	}

	private static void headerTypes(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		Map<String, Object> headers = new LinkedHashMap<>();
		headers.put("text", "grün");
		headers.put("byte", (byte) -3);
		headers.put("short", (short) -300);
		headers.put("int", 1 << 20);
		headers.put("long", 1L << 40);
		headers.put("float", 0.5f);
		headers.put("double", 0.25);
		headers.put("yes", true);
		headers.put("no", false);
		headers.put("time", new Date(1700000000000L));
		headers.put("bytes", new byte[] {0, -1});
		headers.put("empty", null);
		headers.put("decimal", new BigDecimal("12.34"));
		headers.put("table", Map.of("deep", Map.of("deeper", -1)));
		headers.put("array", Arrays.asList(1, "a", new HashMap<>(Map.of("n", true)), null));
		send(ch, "", q, with(headers), new byte[0]);
		Scenarios.same(shown(take(ch, q, AUTO_ACK).getProps().getHeaders()), shown(headers));
	}

	private static void allBodies(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		int most = c.getFrameMax();
		for (int n : new int[] {0, 1, 4096, most - 8, most, 1048577}) {
			send(ch, "", q, null, Scenarios.pattern(n));
			boolean alike = Arrays.equals(take(ch, q, AUTO_ACK).getBody(), Scenarios.pattern(n));
			Scenarios.truth(alike, n + " bytes differ");
		}
	}

	private static void confirm(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		ConcurrentSkipListSet<Long> open = new ConcurrentSkipListSet<>();
		AtomicInteger wrong = new AtomicInteger();
		ch.addConfirmListener((tag, multiple) -> {
			if (multiple && !open.headSet(tag, true).isEmpty()) {
				open.headSet(tag, true).clear();
			} else if (multiple || !open.remove(tag)) {
				wrong.incrementAndGet();
			}
		}, (tag, multiple) -> wrong.incrementAndGet());
		for (String body : Scenarios.numbers(1000)) {
			open.add(ch.getNextPublishSeqNo());
			ch.basicPublish("", q, MessageProperties.MINIMAL_PERSISTENT_BASIC, body.getBytes());
		}
		ch.waitForConfirmsOrDie(10000);
		Scenarios.await(open::isEmpty);
		Scenarios.same(wrong.get(), 0);
		Scenarios.same(ch.messageCount(q), 1000L);
	}

	private static void confirmMixed(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		for (int i = 0; i < 1000; i++) {
			ch.basicPublish("", i % 10 == 0 ? Scenarios.name() : q, i % 2 == 0
					? MessageProperties.MINIMAL_BASIC
					: MessageProperties.MINIMAL_PERSISTENT_BASIC, "x".getBytes());
		}
		Scenarios.truth(ch.waitForConfirms(10000), "refused");
		Scenarios.same(ch.messageCount(q), 900L);
	}

	private static void mandatory(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		List<String> told = Collections.synchronizedList(new ArrayList<>());
		ch.addReturnListener(m -> told.add(m.getReplyCode() + " " + new String(m.getBody())));
		ch.addConfirmListener((tag, multiple) -> told.add("ok"), (tag, multiple) -> {});
		ch.basicPublish("", Scenarios.name(), true, null, "nobody".getBytes());
		ch.waitForConfirmsOrDie(5000);
		ch.basicPublish("", q, true, null, "x".getBytes());
		ch.waitForConfirmsOrDie(5000);
		Scenarios.await(() -> told.size() >= 3);
		Scenarios.same(told, List.of("312 nobody", "ok", "ok"));
	}

	private static void exchangeMissing(Channel ch, Connection c) throws Exception {
		refused(404, c, other -> other.basicPublish(Scenarios.name(), "", null, new byte[0]));
		String q = queue(ch);
		put(ch, q, "on");
		Scenarios.same(bodies(ch, q), List.of("on"));
	}

	private static void get(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		Scenarios.same(ch.basicGet(q, false), null);
		put(ch, q, "a", "b", "c");
		GetResponse m = take(ch, q, false);
		Scenarios.same(new String(m.getBody()) + m.getMessageCount(), "a2");
		ch.basicAck(tag(m), false);
	}

	private static void consumeAll(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, 1000);
		ch.basicQos(50);
		List<String> got = Collections.synchronizedList(new ArrayList<>());
		ch.basicConsume(q, false, (tag, m) -> {
			got.add(new String(m.getBody()));
			ch.basicAck(m.getEnvelope().getDeliveryTag(), false);
		}, tag -> {});
		Scenarios.await(() -> got.size() >= 1000);
		Scenarios.same(got, Scenarios.numbers(1000));
		Scenarios.same(ch.messageCount(q), 0L);
	}

	private static void noAck(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, 1000);
		List<Delivery> got = consume(ch, q, AUTO_ACK);
		Scenarios.await(() -> got.size() >= 1000);
		Scenarios.same(texts(got), Scenarios.numbers(1000));
		Scenarios.same(ch.messageCount(q), 0L);
	}

	private static void prefetch(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, 30);
		ch.basicQos(10);
		List<Delivery> got = consume(ch, q, false);
		Scenarios.settled(got, 10);
		ch.basicAck(got.get(4).getEnvelope().getDeliveryTag(), true);
		Scenarios.settled(got, 15);
	}

	private static void prefetchGlobal(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, 30);
		ch.basicQos(10, true);
		List<String> got = Collections.synchronizedList(new ArrayList<>());
		for (int i = 0; i < 2; i++) {
			ch.basicConsume(q, (tag, m) -> got.add(tag), tag -> {});
		}
		Scenarios.settled(got, 10);
		ch.basicAck(0, true);
		Scenarios.settled(got, 20);
	}

	private static void nackRequeue(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, "a", "b");
		GetResponse first = take(ch, q, false);
		ch.basicNack(tag(first), false, true);
		GetResponse again = take(ch, q, false);
		Scenarios.same(new String(again.getBody()), "a");
		Scenarios.same(List.of(first.getEnvelope().isRedeliver(),
				again.getEnvelope().isRedeliver()), List.of(false, true));
	}

	private static void reject(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, "a", "b");
		ch.basicReject(tag(take(ch, q, false)), false);
		Scenarios.same(bodies(ch, q), List.of("b"));
	}

	private static void ackMultiple(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, "a", "b", "c", "d");
		Channel other = c.createChannel();
		List<GetResponse> got = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			got.add(take(other, q, false));
		}
		other.basicAck(tag(got.get(2)), true);
		other.close(); // the fourth comes back
		Scenarios.same(bodies(ch, q), List.of("d"));
	}

	private static void recover(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, "a", "b");
		take(ch, q, false);
		take(ch, q, false);
		ch.basicRecover();
		for (String body : List.of("a", "b")) {
			GetResponse m = take(ch, q, false);
			Scenarios.same(new String(m.getBody()), body);
			Scenarios.truth(m.getEnvelope().isRedeliver(), "not redelivered");
		}
	}

	private static void ackUnknown(Channel ch, Connection c) throws Exception {
		refused(406, c, other -> other.basicAck(99, false));
	}

	private static void cancel(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		put(ch, q, "a");
		List<Delivery> got = Collections.synchronizedList(new ArrayList<>());
		String consumer = ch.basicConsume(q, false, (tag, m) -> got.add(m), tag -> {});
		Scenarios.await(() -> got.size() == 1);
		ch.basicCancel(consumer);
		put(ch, q, "b");
		Scenarios.settled(got, 1);
		ch.basicAck(got.get(0).getEnvelope().getDeliveryTag(), false);
		Scenarios.same(bodies(ch, q), List.of("b"));
	}

	private static void cancelNotify(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		CompletableFuture<String> told = new CompletableFuture<>();
		String consumer = ch.basicConsume(q, (tag, m) -> {}, told::complete);
		c.createChannel().queueDelete(q);
		Scenarios.same(told.get(3, TimeUnit.SECONDS), consumer);
	}

	private static void exclusive(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		ch.basicConsume(q, false, "", false, true, null, (tag, m) -> {}, tag -> {});
		refused(403, c, other -> consume(other, q, false));
		try (Connection second = factory().newConnection()) {
			refused(405, second, other -> other.queueDeclarePassive(q));
		}
	}

	private static void tx(Channel ch, Connection c) throws Exception {
		String q = queue(ch);
		Channel t = c.createChannel();
		t.txSelect();
		t.basicPublish("", q, null, "no".getBytes());
		t.txRollback();
		t.basicPublish("", q, null, "yes".getBytes());
		Scenarios.same(bodies(ch, q), List.of());
		t.txCommit();
		GetResponse m = take(t, q, false);
		Scenarios.same(new String(m.getBody()), "yes");
		t.basicAck(tag(m), false);
		t.txCommit();
		t.close();
		Scenarios.same(bodies(ch, q), List.of());
	}

	private static void deadLetter(Channel ch, Connection c) throws Exception {
		String dead = queue(ch);
		String q = queue(ch, Map.of("x-message-ttl", 50, "x-dead-letter-exchange", "",
				"x-dead-letter-routing-key", dead));
		List<Delivery> got = consume(ch, dead, AUTO_ACK);
		put(ch, q, "late");
		Scenarios.await(() -> got.size() == 1);
		Object deaths = got.get(0).getProperties().getHeaders().get("x-death");
		Map<?, ?> death = (Map<?, ?>) ((List<?>) deaths).get(0);
		Scenarios.same(texts(got), List.of("late"));
		Scenarios.same(death.get("queue").toString(), q);
		Scenarios.same(death.get("reason").toString(), "expired");
		Scenarios.same(death.get("count"), 1L);
	}

	/** The client connects again by itself and makes its channels and consumers anew. */
	private static void restart() throws Exception {
		ConnectionFactory f = factory();
		f.setAutomaticRecoveryEnabled(true);
		f.setNetworkRecoveryInterval(100);
		String x = Scenarios.name();
		String q = Scenarios.name();
		try (Connection c = f.newConnection()) {
			CompletableFuture<Boolean> back = new CompletableFuture<>();
			((Recoverable) c).addRecoveryListener(new RecoveryListener() {
				@Override
				public void handleRecovery(Recoverable r) {
					back.complete(true);
				}

				@Override
				public void handleRecoveryStarted(Recoverable r) {}
			});
			Channel ch = confirming(c);
			ch.exchangeDeclare(x, "topic", DURABLE);
			ch.queueDeclare(q, DURABLE, false, false, null);
			String fleeting = queue(ch);
			ch.queueBind(q, x, "a.#");
			ch.queueBind(fleeting, x, "a.#");
			List<Delivery> got = consume(ch, fleeting, AUTO_ACK);
			for (String body : Scenarios.numbers(100)) {
				ch.basicPublish(x, "a.b", MessageProperties.MINIMAL_PERSISTENT_BASIC,
						body.getBytes());
			}
			ch.waitForConfirmsOrDie(5000);
			Scenarios.await(() -> got.size() == 100);
			Scenarios.broker("crash");
			Scenarios.broker("start");
			Scenarios.truth(back.get(10, TimeUnit.SECONDS), "no recovery");
			send(ch, x, "a.c", MessageProperties.MINIMAL_PERSISTENT_BASIC, "100".getBytes());
			Scenarios.same(bodies(ch, q), Scenarios.numbers(101));
			Scenarios.await(() -> got.size() == 101);
			ch.queueDelete(q);
			ch.exchangeDelete(x);
		}
	}

	public static void main(String[] args) throws Exception {
		Scenarios.port = Integer.parseInt(args[0]);
		Map<String, Object> cases = new HashMap<>();
		cases.put("connect", (Scenarios.Case) Drive::connect);
		cases.put("login-refused", (Scenarios.Case) Drive::loginRefused);
		cases.put("vhost-unknown", (Scenarios.Case) Drive::vhostUnknown);
		cases.put("channels", (Scenarios.Case) Drive::channels);
		cases.put("queue-declare", session(Drive::queueDeclare));
		cases.put("queue-mismatch", session(Drive::queueMismatch));
		cases.put("queue-purge-delete", session(Drive::queuePurgeDelete));
		cases.put("exchange-declare", session(Drive::exchangeDeclare));
		cases.put("exchange-mismatch", session(Drive::exchangeMismatch));
		cases.put("direct", session(Drive::direct));
		cases.put("fanout", session(Drive::fanout));
		cases.put("topic", session(Drive::topic));
		cases.put("headers", session(Drive::headers));
		cases.put("exchange-bind", session(Drive::exchangeBind));
		cases.put("alternate", session(Drive::alternate));
		cases.put("unbind", session(Drive::unbind));
		cases.put("default-exchange", session(Drive::defaultExchange));
		cases.put("properties", session(Drive::properties));
		cases.put("header-types", session(Drive::headerTypes));
		cases.put("bodies", session(Drive::allBodies));
		cases.put("confirm", session(Drive::confirm));
		cases.put("confirm-mixed", session(Drive::confirmMixed));
		cases.put("mandatory", session(Drive::mandatory));
		cases.put("exchange-missing", session(Drive::exchangeMissing));
		cases.put("get", session(Drive::get));
		cases.put("consume", session(Drive::consumeAll));
		cases.put("no-ack", session(Drive::noAck));
		cases.put("prefetch", session(Drive::prefetch));
		cases.put("prefetch-global", session(Drive::prefetchGlobal));
		cases.put("nack-requeue", session(Drive::nackRequeue));
		cases.put("reject", session(Drive::reject));
		cases.put("ack-multiple", session(Drive::ackMultiple));
		cases.put("recover", session(Drive::recover));
		cases.put("ack-unknown", session(Drive::ackUnknown));
		cases.put("cancel", session(Drive::cancel));
		cases.put("cancel-notify", session(Drive::cancelNotify));
		cases.put("exclusive", session(Drive::exclusive));
		cases.put("tx", session(Drive::tx));
		cases.put("dead-letter", session(Drive::deadLetter));
		cases.put("restart", (Scenarios.Case) Drive::restart);
		Scenarios.main(args, cases);
	}
}
