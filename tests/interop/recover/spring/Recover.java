// SPDX-License-Identifier: Apache-2.0

// A Spring AMQP application whose broker is killed -9 and started again, again and again. A template
// sends numbers and sends again what was not confirmed; a listener container acks what the listener
// has noted. Spring connects again by itself. Every number must arrive.
//
// usage: Recover PORT MESSAGES KILLS BROKER.SH
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;

public class Recover {
	static final String QUEUE = "recover";

	static final AtomicInteger confirmed = new AtomicInteger(), received = new AtomicInteger();

	static CachingConnectionFactory factory(int port) {
		CachingConnectionFactory f = new CachingConnectionFactory("127.0.0.1", port);
		f.setUsername("guest");
		f.setPassword("guest");
		f.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.CORRELATED);
		return f;
	}

	static void send(RabbitTemplate template, int n) throws InterruptedException {
		while (true) {
			try {
				CorrelationData sent = new CorrelationData();
				template.convertAndSend("", QUEUE, Integer.toString(n), sent);
				if (sent.getFuture().get(3, TimeUnit.SECONDS).isAck()) {
					confirmed.incrementAndGet();
					return;
				}
			} catch (InterruptedException e) {
				throw e;
			} catch (Exception e) {
				Thread.sleep(20);   // the connection is gone: once more
			}
		}
	}

	static void broker(String script, String verb) throws Exception {
		int code = new ProcessBuilder(script, verb).inheritIO().start().waitFor();
		if (code != 0)
			throw new IllegalStateException("broker.sh " + verb + " ended with " + code);
	}

	static void await(AtomicInteger counter, int wanted, int seconds) throws InterruptedException {
		for (int i = 0; i < seconds * 100 && counter.get() < wanted; i++)
			Thread.sleep(10);
	}

	public static void main(String[] args) throws Exception {
		int port = Integer.parseInt(args[0]), total = Integer.parseInt(args[1]);
		int kills = Integer.parseInt(args[2]);
		AtomicIntegerArray seen = new AtomicIntegerArray(total);
		CachingConnectionFactory out = factory(port), in = factory(port);
		new RabbitAdmin(out).declareQueue(new Queue(QUEUE, true));
		SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(in);
		container.setQueueNames(QUEUE);
		container.setPrefetchCount(50);
		container.setRecoveryInterval(100);
		container.setMessageListener((MessageListener) m -> {
			if (seen.incrementAndGet(Integer.parseInt(new String(m.getBody()))) == 1)
				received.incrementAndGet();
		});
		container.start();
		RabbitTemplate template = new RabbitTemplate(out);
		AtomicInteger next = new AtomicInteger();
		for (int i = 0; i < 8; i++) {
			Thread t = new Thread(() -> {
				try {
					for (int n; (n = next.getAndIncrement()) < total;)
						send(template, n);
				} catch (InterruptedException e) {
					Thread.currentThread().interrupt();
				}
			});
			t.setDaemon(true);
			t.start();
		}
		for (int k = 1; k <= kills; k++) {
			await(confirmed, (int) ((long) total * k / (kills + 1)), 30);
			broker(args[3], "crash");
			broker(args[3], "start");
		}
		await(received, total, 90);
		int again = 0;
		for (int i = 0; i < total; i++)
			again += seen.get(i) > 1 ? 1 : 0;
		System.out.println(kills + " kills, " + confirmed + " confirmed, " + received
				+ " received, " + again + " of them more than once");
		boolean ok = received.get() == total;
		System.out.println((ok ? "ok" : "FAIL") + " a Spring AMQP listener recovers and loses nothing");
		System.exit(ok ? 0 : 1);
	}
}
