// SPDX-License-Identifier: Apache-2.0
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.springframework.amqp.AmqpAuthenticationException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.core.AbstractExchange;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Exchange;
import org.springframework.amqp.core.ExchangeBuilder;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.HeadersExchange;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.core.QueueInformation;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.ChannelCallback;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareMessageListener;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The forty scenarios with Spring AMQP: its template, its admin and its listener containers, and
 * the template's way down to a channel where they have no words of their own.
 * usage: Drive PORT [NUMBER ...]
 */
final class Drive {
	private final CachingConnectionFactory factory;
	private final RabbitTemplate template;
	private final RabbitAdmin admin;
	private final List<SimpleMessageListenerContainer> containers = new ArrayList<>();

	private Drive(CachingConnectionFactory factory) {
		this.factory = factory;
		template = new RabbitTemplate(factory);
		template.setMandatory(true);
		admin = new RabbitAdmin(factory);
	}

	private static CachingConnectionFactory factory() {
		CachingConnectionFactory f = new CachingConnectionFactory("127.0.0.1", Scenarios.port);
		f.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.CORRELATED);
		f.setPublisherReturns(true);
		return f;
	}

	interface Body {
		void on(Drive d) throws Exception;
	}

	/** Runs the scenario with a connection of its own. */
	private static Scenarios.Case session(Body body) {
		return () -> {
			CachingConnectionFactory f = factory();
			Drive d = new Drive(f);
			try {
				body.on(d);
			} finally {
				for (SimpleMessageListenerContainer each : d.containers) {
					each.stop();
				}
				f.destroy();
			}
		};
	}

	private Queue queue() {
		return admin.declareQueue();
	}

	/** A channel that is nobody else's; those of the factory go on when they are closed. */
	private Channel plain() throws Exception {
		return factory.createConnection().getDelegate().createChannel();
	}

	private <T extends Exchange> T declared(T x) {
		admin.declareExchange(x);
		return x;
	}

	private TopicExchange topicExchange() {
		return declared(new TopicExchange(Scenarios.name(), false, true));
	}

	private FanoutExchange fanoutExchange() {
		return declared(new FanoutExchange(Scenarios.name(), false, true));
	}

	private void bind(Queue q, String x, String key) {
		admin.declareBinding(new Binding(q.getName(), Binding.DestinationType.QUEUE, x, key, null));
	}

	private static Message message(String body) {
		return MessageBuilder.withBody(body.getBytes()).build();
	}

	private CorrelationData start(String x, String key, Message m) {
		CorrelationData sent = new CorrelationData();
		template.send(x, key, m, sent);
		return sent;
	}

	private static void confirmed(CorrelationData sent) throws Exception {
		Scenarios.truth(sent.getFuture().get(5, TimeUnit.SECONDS).ack(), "not confirmed");
	}

	private void send(String x, String key, Message m) throws Exception {
		confirmed(start(x, key, m));
	}

	private void send(String x, String key, String body) throws Exception {
		send(x, key, message(body));
	}

	private void put(Queue q, List<String> bodies) throws Exception {
		List<CorrelationData> open = new ArrayList<>();
		for (String each : bodies) {
			open.add(start("", q.getName(), message(each)));
		}
		for (CorrelationData each : open) {
			confirmed(each);
		}
	}

	private Message take(Queue q) {
		Message m = template.receive(q.getName());
		Scenarios.truth(m != null, "the queue is empty");
		return m;
	}

	private List<String> bodies(Queue q) {
		List<String> out = new ArrayList<>();
		for (Message m; (m = template.receive(q.getName())) != null;) {
			out.add(new String(m.getBody()));
		}
		return out;
	}

	private static int code(Throwable e) {
		for (Throwable t = e; t != null; t = t.getCause()) {
			if (t instanceof ShutdownSignalException) {
				Object reason = ((ShutdownSignalException) t).getReason();
				return reason instanceof AMQP.Channel.Close
						? ((AMQP.Channel.Close) reason).getReplyCode()
						: ((AMQP.Connection.Close) reason).getReplyCode();
			}
		}
		throw new AssertionError(e);
	}

	private static void refused(int code, Scenarios.Case action) throws Exception {
		try {
			action.run();
		} catch (AmqpException e) {
			Scenarios.same(code(e), code);
			return;
		}
		throw new AssertionError("not refused with " + code);
	}

	/** What the broker answers to a call without a reply: the channel closes with this code. */
	private void refusedLater(int code, ChannelCallback<Object> action) throws Exception {
		CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
		template.execute(ch -> {
			ch.addShutdownListener(closed::complete);
			return action.doInRabbit(ch);
		});
		Scenarios.same(code(closed.get(3, TimeUnit.SECONDS)), code);
	}

	private SimpleMessageListenerContainer listen(Queue q, AcknowledgeMode mode, int prefetch,
			MessageListener listener) {
		SimpleMessageListenerContainer c = new SimpleMessageListenerContainer(factory);
		c.setQueueNames(q.getName());
		c.setAcknowledgeMode(mode);
		if (prefetch > 0) {
			c.setPrefetchCount(prefetch);
		}
		c.setMessageListener(listener);
		c.setReceiveTimeout(100);
		c.setRecoveryInterval(100);
		c.setShutdownTimeout(300);
		c.setForceStop(true);
		containers.add(c);
		c.start();
		return c;
	}

	private static <T> List<T> list() {
		return Collections.synchronizedList(new ArrayList<>());
	}

	private static void connect() throws Exception {
		CachingConnectionFactory f = factory();
		f.setRequestedHeartBeat(30);
		Connection c = f.createConnection();
		Scenarios.same(c.getDelegate().getHeartbeat(), 30);
		Map<String, Object> about = c.getDelegate().getServerProperties();
		for (String key : List.of("product", "version")) {
			Scenarios.truth(!String.valueOf(about.getOrDefault(key, "")).isEmpty(), "no " + key);
		}
		c.createChannel(false).close();
		f.destroy();
		Scenarios.truth(!c.isOpen(), "still open");
	}

	private static void loginRefused() throws Exception {
		CachingConnectionFactory f = factory();
		f.setPassword("wrong");
		try {
			f.createConnection();
			Scenarios.truth(false, "let in");
		} catch (AmqpAuthenticationException e) {
			Scenarios.truth(e.getMessage().contains("ACCESS_REFUSED"), e.getMessage());
		}
		f.destroy();
	}

	private static void vhostUnknown() throws Exception {
		CachingConnectionFactory f = factory();
		f.setVirtualHost("nope");
		refused(530, f::createConnection);
		f.destroy();
	}

	private void channels() throws Exception {
		Connection c = factory.createConnection();
		List<Channel> all = new ArrayList<>();
		Set<String> names = new HashSet<>();
		for (int i = 0; i < 50; i++) {
			all.add(c.createChannel(false));
		}
		for (Channel ch : all) {
			names.add(ch.queueDeclare().getQueue());
		}
		for (Channel ch : all) {
			ch.close();
		}
		Scenarios.same(names.size(), 50);
	}

	private static String counts(QueueInformation told) {
		return told.getMessageCount() + " " + told.getConsumerCount();
	}

	private void queueDeclare() throws Exception {
		Queue durable = QueueBuilder.durable(Scenarios.name()).build();
		Queue fleeting = QueueBuilder.nonDurable(Scenarios.name()).autoDelete().build();
		admin.declareQueue(durable);
		put(durable, List.of("a", "b"));
		Scenarios.same(counts(admin.getQueueInfo(durable.getName())), "2 0");
		Scenarios.truth(admin.deleteQueue(durable.getName()), "not deleted");
		Scenarios.truth(queue().getName().startsWith("amq.gen-"), "not named by the server");
		admin.declareQueue(fleeting);
		SimpleMessageListenerContainer c = listen(fleeting, AcknowledgeMode.AUTO, 0, m -> {});
		Scenarios.await(() -> admin.getQueueInfo(fleeting.getName()).getConsumerCount() == 1);
		c.stop();
		Scenarios.same(admin.getQueueInfo(fleeting.getName()), null);
		refused(404, () -> template.execute(ch -> ch.queueDeclarePassive(fleeting.getName())));
	}

	private void queueMismatch() throws Exception {
		String name = Scenarios.name();
		admin.declareQueue(QueueBuilder.durable(name).build());
		refused(406, () -> admin.declareQueue(QueueBuilder.nonDurable(name).build()));
		Scenarios.truth(admin.deleteQueue(name), "not deleted");
	}

	private void queuePurgeDelete() throws Exception {
		Queue q = QueueBuilder.durable(Scenarios.name()).build();
		admin.declareQueue(q);
		put(q, List.of("a", "b", "c"));
		Scenarios.same(admin.purgeQueue(q.getName()), 3);
		put(q, List.of("d", "e"));
		refused(406, () -> admin.deleteQueue(q.getName(), false, true));
		Channel user = plain();
		user.basicQos(1);
		user.basicConsume(q.getName(), (tag, m) -> {}, tag -> {});
		refused(406, () -> admin.deleteQueue(q.getName(), true, false));
		user.close();
		int deleted = template.execute(ch -> ch.queueDelete(q.getName()).getMessageCount());
		Scenarios.same(deleted, 2);
	}

	private void exchangeDeclare() throws Exception {
		for (String kind : List.of("direct", "fanout", "topic", "headers")) {
			Exchange x = new ExchangeBuilder(Scenarios.name(), kind).build();
			admin.declareExchange(x);
			admin.declareExchange(x);
			Scenarios.truth(admin.deleteExchange(x.getName()), "not deleted");
			refused(404, () -> template.execute(ch -> ch.exchangeDeclarePassive(x.getName())));
		}
		template.execute(ch -> ch.exchangeDeclarePassive("amq.topic"));
	}

	private void exchangeMismatch() throws Exception {
		String name = topicExchange().getName();
		refused(406, () -> admin.declareExchange(new FanoutExchange(name, false, true)));
	}

	private void direct() throws Exception {
		Queue one = queue();
		Queue two = queue();
		bind(one, "amq.direct", one.getName());
		bind(two, "amq.direct", two.getName());
		for (String key : List.of(one.getName(), two.getName(), Scenarios.name())) {
			send("amq.direct", key, key);
		}
		Scenarios.same(bodies(one), List.of(one.getName()));
		Scenarios.same(bodies(two), List.of(two.getName()));
	}

	private void fanout() throws Exception {
		FanoutExchange x = fanoutExchange();
		List<Queue> qs = List.of(queue(), queue(), queue());
		for (Queue q : qs) {
			admin.declareBinding(BindingBuilder.bind(q).to(x));
		}
		for (String body : Scenarios.numbers(5)) {
			send(x.getName(), body, body);
		}
		for (Queue q : qs) {
			Scenarios.same(bodies(q), Scenarios.numbers(5));
		}
	}

	private void topic() throws Exception {
		Queue q = queue();
		for (String key : List.of("a.*.c", "#.z", "k.#")) {
			bind(q, "amq.topic", key);
		}
		for (String key : List.of("a.b.c", "a.c", "z", "q.r.z", "k", "k.l.m", "a.b.c.d", "")) {
			send("amq.topic", key, key);
		}
		Scenarios.same(bodies(q), List.of("a.b.c", "z", "q.r.z", "k", "k.l.m"));
	}

	private static Message with(String body, Map<String, Object> headers) {
		MessageProperties p = new MessageProperties();
		p.setHeaders(headers);
		return new Message(body.getBytes(), p);
	}

	private void headers() throws Exception {
		HeadersExchange x = new HeadersExchange("amq.headers");
		Map<String, Object> wanted = Map.of("kind", "report", "size", 7);
		Queue both = queue();
		Queue either = queue();
		admin.declareBinding(BindingBuilder.bind(both).to(x).whereAll(wanted).match());
		admin.declareBinding(BindingBuilder.bind(either).to(x).whereAny(wanted).match());
		send("amq.headers", "", with("2", wanted));
		send("amq.headers", "", with("1", Map.of("kind", "report")));
		send("amq.headers", "", with("0", Map.of("size", 8)));
		send("amq.headers", "", "none");
		Scenarios.same(bodies(both), List.of("2"));
		Scenarios.same(bodies(either), List.of("2", "1"));
	}

	private void exchangeBind() throws Exception {
		TopicExchange outer = topicExchange();
		FanoutExchange inner = fanoutExchange();
		Queue q = queue();
		Binding between = BindingBuilder.bind(inner).to(outer).with("in.#");
		admin.declareBinding(between);
		admin.declareBinding(BindingBuilder.bind(q).to(inner));
		send(outer.getName(), "in.a", "in");
		send(outer.getName(), "out", "out");
		Scenarios.same(bodies(q), List.of("in"));
		admin.removeBinding(between);
	}

	private void alternate() throws Exception {
		FanoutExchange spill = fanoutExchange();
		Queue lost = queue();
		admin.declareBinding(BindingBuilder.bind(lost).to(spill));
		AbstractExchange x = ExchangeBuilder.directExchange(Scenarios.name())
				.alternate(spill.getName()).build();
		admin.declareExchange(x);
		send(x.getName(), "nowhere", "spilt");
		Scenarios.same(bodies(lost), List.of("spilt"));
		admin.deleteExchange(x.getName());
	}

	private void unbind() throws Exception {
		Queue q = queue();
		bind(q, "amq.direct", q.getName());
		send("amq.direct", q.getName(), "before");
		admin.removeBinding(new Binding(q.getName(), Binding.DestinationType.QUEUE, "amq.direct",
				q.getName(), null));
		send("amq.direct", q.getName(), "after");
		Scenarios.same(bodies(q), List.of("before"));
	}

	private void defaultExchange() throws Exception {
		Queue q = queue();
		put(q, List.of("x"));
		MessageProperties p = take(q).getMessageProperties();
		Scenarios.same(p.getReceivedExchange() + p.getReceivedRoutingKey(), q.getName());
	}

	private void properties() throws Exception {
		Queue q = queue();
		Date at = new Date(1700000000000L);
		send("", q.getName(), MessageBuilder.withBody("x".getBytes()).setContentType("text/plain")
				.setContentEncoding("utf-8").setDeliveryMode(MessageDeliveryMode.PERSISTENT)
				.setPriority(3).setCorrelationId("c").setReplyTo("r").setExpiration("60000")
				.setMessageId("m").setTimestamp(at).setType("t").setUserId("guest").setAppId("a")
				.setHeader("a", "b").build());
		MessageProperties p = take(q).getMessageProperties();
		Scenarios.same(
				Arrays.asList(p.getContentType(), p.getContentEncoding(),
						p.getReceivedDeliveryMode(), p.getPriority(), p.getCorrelationId(),
						p.getReplyTo(), p.getExpiration(), p.getMessageId(), p.getTimestamp(),
						p.getType(), p.getReceivedUserId(), p.getAppId(), p.getHeader("a")),
				Arrays.asList("text/plain", "utf-8", MessageDeliveryMode.PERSISTENT, 3, "c", "r",
						"60000", "m", at, "t", "guest", "a", "b"));
	}

	private void headerTypes() throws Exception {
		Queue q = queue();
		Map<String, Object> sent = new HashMap<>();
		sent.put("text", "grün");
		sent.put("byte", (byte) -3);
		sent.put("short", (short) -300);
		sent.put("int", 1 << 20);
		sent.put("long", 1L << 40);
		sent.put("float", 0.5f);
		sent.put("double", 0.25);
		sent.put("yes", true);
		sent.put("no", false);
		sent.put("time", new Date(1700000000000L));
		sent.put("empty", null);
		sent.put("table", Map.of("deep", Map.of("deeper", -1)));
		sent.put("array", Arrays.asList(1, "a", Map.of("n", true), null));
		Map<String, Object> all = new HashMap<>(sent);
		all.put("bytes", new byte[] {0, -1});
		send("", q.getName(), with("x", all));
		Map<String, Object> got = take(q).getMessageProperties().getHeaders();
		Scenarios.truth(Arrays.equals((byte[]) got.get("bytes"), new byte[] {0, -1}), "bytes");
		for (Map.Entry<String, Object> each : sent.entrySet()) {
			Scenarios.truth(got.containsKey(each.getKey()), each.getKey());
			Scenarios.same(got.get(each.getKey()), each.getValue());
		}
	}

	private void allBodies() throws Exception {
		Queue q = queue();
		int most = factory.createConnection().getDelegate().getFrameMax();
		for (int n : new int[] {0, 1, 4096, most - 8, most, 1048577}) {
			send("", q.getName(), MessageBuilder.withBody(Scenarios.pattern(n)).build());
			boolean alike = Arrays.equals(take(q).getBody(), Scenarios.pattern(n));
			Scenarios.truth(alike, n + " bytes differ");
		}
	}

	private void confirm() throws Exception {
		Queue q = queue();
		List<String> told = list();
		template.setConfirmCallback((data, ack, why) -> told.add(ack + data.getId()));
		put(q, Scenarios.numbers(1000));
		Scenarios.settled(told, 1000);
		Scenarios.same(new HashSet<>(told).size(), 1000);
		Scenarios.same(admin.getQueueInfo(q.getName()).getMessageCount(), 1000L);
	}

	private void confirmMixed() throws Exception {
		Queue q = queue();
		List<CorrelationData> open = new ArrayList<>();
		for (int i = 0; i < 1000; i++) {
			Message m = MessageBuilder.withBody("x".getBytes()).setDeliveryMode(i % 2 == 0
					? MessageDeliveryMode.NON_PERSISTENT
					: MessageDeliveryMode.PERSISTENT).build();
			open.add(start("", i % 10 == 0 ? Scenarios.name() : q.getName(), m));
		}
		for (CorrelationData each : open) {
			confirmed(each);
		}
		Scenarios.same(admin.getQueueInfo(q.getName()).getMessageCount(), 900L);
	}

	private void mandatory() throws Exception {
		CorrelationData nobody = start("", Scenarios.name(), message("nobody"));
		confirmed(nobody);
		Scenarios.truth(nobody.getReturned() != null, "not returned before the confirm");
		Scenarios.same(nobody.getReturned().getReplyCode(), 312);
		Scenarios.same(new String(nobody.getReturned().getMessage().getBody()), "nobody");
		CorrelationData routed = start("", queue().getName(), message("x"));
		confirmed(routed);
		Scenarios.same(routed.getReturned(), null);
	}

	private void exchangeMissing() throws Exception {
		Queue q = queue();
		Channel other = plain();
		CorrelationData sent = start(Scenarios.name(), "", message("x"));
		CorrelationData.Confirm told = sent.getFuture().get(3, TimeUnit.SECONDS);
		Scenarios.truth(!told.ack() && told.reason().contains("404"), "" + told);
		other.basicPublish("", q.getName(), null, "on".getBytes());
		other.close();
		Scenarios.same(bodies(q), List.of("on"));
	}

	private void get() throws Exception {
		Queue q = queue();
		Scenarios.same(template.receive(q.getName()), null);
		put(q, List.of("a", "b", "c"));
		Message m = take(q);
		Scenarios.same(new String(m.getBody()), "a");
		Scenarios.same(m.getMessageProperties().getMessageCount(), 2);
	}

	private void consume() throws Exception {
		Queue q = queue();
		put(q, Scenarios.numbers(1000));
		List<String> got = list();
		listen(q, AcknowledgeMode.AUTO, 50, m -> got.add(new String(m.getBody())));
		Scenarios.await(() -> got.size() >= 1000);
		Scenarios.same(got, Scenarios.numbers(1000));
		Scenarios.await(() -> counts(admin.getQueueInfo(q.getName())).equals("0 1"));
	}

	private void noAck() throws Exception {
		Queue q = queue();
		put(q, Scenarios.numbers(1000));
		List<String> got = list();
		listen(q, AcknowledgeMode.NONE, 0, m -> got.add(new String(m.getBody())));
		Scenarios.await(() -> got.size() >= 1000);
		Scenarios.same(got, Scenarios.numbers(1000));
		Scenarios.same(admin.getQueueInfo(q.getName()).getMessageCount(), 0L);
	}

	private void prefetch() throws Exception {
		Queue q = queue();
		put(q, Scenarios.numbers(30));
		List<Long> got = list();
		CompletableFuture<Channel> channel = new CompletableFuture<>();
		listen(q, AcknowledgeMode.MANUAL, 10, (ChannelAwareMessageListener) (m, ch) -> {
			channel.complete(ch);
			got.add(m.getMessageProperties().getDeliveryTag());
		});
		Scenarios.settled(got, 10);
		channel.get().basicAck(got.get(4), true);
		Scenarios.settled(got, 15);
	}

	private void prefetchGlobal() throws Exception {
		Queue q = queue();
		put(q, Scenarios.numbers(30));
		List<String> got = list();
		Channel ch = plain();
		ch.basicQos(10, true);
		for (int i = 0; i < 2; i++) {
			ch.basicConsume(q.getName(), (tag, m) -> got.add(tag), tag -> {});
		}
		Scenarios.settled(got, 10);
		ch.basicAck(0, true);
		Scenarios.settled(got, 20);
		ch.close();
	}

	/** A listener in trouble puts its message back, but which method it takes is its own. */
	private void nackRequeue() throws Exception {
		Queue q = queue();
		put(q, List.of("a", "b"));
		template.execute(ch -> {
			GetResponse m = hold(ch, q);
			Scenarios.truth(!m.getEnvelope().isRedeliver(), "redelivered");
			ch.basicNack(m.getEnvelope().getDeliveryTag(), false, true);
			return null;
		});
		List<String> got = list();
		listen(q, AcknowledgeMode.AUTO, 1, m -> {
			got.add(new String(m.getBody()) + m.getMessageProperties().getRedelivered());
			if (got.size() == 1) {
				throw new IllegalStateException("not yet");
			}
		});
		Scenarios.settled(got, 3);
		Scenarios.same(got, List.of("atrue", "atrue", "bfalse"));
	}

	private void reject() throws Exception {
		Queue q = queue();
		put(q, List.of("gone", "a", "b"));
		template.execute(ch -> {
			ch.basicReject(hold(ch, q).getEnvelope().getDeliveryTag(), false);
			return null;
		});
		List<String> got = list();
		SimpleMessageListenerContainer c = listen(q, AcknowledgeMode.AUTO, 1, m -> {
			got.add(new String(m.getBody()));
			if (got.size() == 1) {
				throw new AmqpRejectAndDontRequeueException("not this one");
			}
		});
		Scenarios.settled(got, 2);
		c.stop();
		Scenarios.same(got, List.of("a", "b"));
	}

	private static GetResponse hold(Channel ch, Queue q) throws Exception {
		GetResponse m = ch.basicGet(q.getName(), false);
		Scenarios.truth(m != null, "the queue is empty");
		return m;
	}

	private void ackMultiple() throws Exception {
		Queue q = queue();
		put(q, List.of("a", "b", "c", "d"));
		Channel ch = plain();
		List<Long> tags = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			tags.add(hold(ch, q).getEnvelope().getDeliveryTag());
		}
		ch.basicAck(tags.get(2), true);
		ch.basicNack(tags.get(3), false, true);
		Scenarios.await(() -> admin.getQueueInfo(q.getName()).getMessageCount() == 1);
		Scenarios.same(bodies(q), List.of("d"));
		ch.close();
	}

	private void recover() throws Exception {
		Queue q = queue();
		put(q, List.of("a", "b"));
		template.execute(ch -> {
			hold(ch, q);
			hold(ch, q);
			ch.basicRecover();
			for (String body : List.of("a", "b")) {
				GetResponse m = hold(ch, q);
				Scenarios.same(new String(m.getBody()), body);
				Scenarios.truth(m.getEnvelope().isRedeliver(), "not redelivered");
			}
			return null;
		});
	}

	private void ackUnknown() throws Exception {
		refusedLater(406, ch -> {
			ch.basicAck(99, false);
			return null;
		});
	}

	private void cancel() throws Exception {
		Queue q = QueueBuilder.nonDurable(Scenarios.name()).exclusive().build();
		admin.declareQueue(q);
		put(q, List.of("a"));
		Channel ch = plain();
		List<Long> got = list();
		String consumer = ch.basicConsume(q.getName(),
				(tag, m) -> got.add(m.getEnvelope().getDeliveryTag()), tag -> {});
		Scenarios.await(() -> got.size() == 1);
		ch.basicCancel(consumer);
		put(q, List.of("b"));
		Scenarios.settled(got, 1);
		ch.basicAck(got.get(0), false);
		Scenarios.same(bodies(q), List.of("b"));
		ch.close();
	}

	private void cancelNotify() throws Exception {
		Queue q = queue();
		CompletableFuture<String> told = new CompletableFuture<>();
		Channel ch = plain();
		String consumer = ch.basicConsume(q.getName(), (tag, m) -> {}, told::complete);
		admin.deleteQueue(q.getName());
		Scenarios.same(told.get(3, TimeUnit.SECONDS), consumer);
	}

	private void exclusive() throws Exception {
		Queue q = queue();
		Channel ch = plain();
		ch.basicConsume(q.getName(), false, "", false, true, null, (tag, m) -> {}, tag -> {});
		refused(403, () -> template.execute(other ->
				other.basicConsume(q.getName(), (tag, m) -> {}, tag -> {})));
		CachingConnectionFactory second = factory();
		refused(405, () -> new RabbitTemplate(second)
				.execute(other -> other.queueDeclarePassive(q.getName())));
		second.destroy();
	}

	private void tx() throws Exception {
		CachingConnectionFactory f = factory();
		f.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.NONE);
		RabbitTemplate inside = new RabbitTemplate(f);
		inside.setChannelTransacted(true);
		Queue shared = QueueBuilder.durable(Scenarios.name()).build();
		admin.declareQueue(shared);
		TransactionTemplate transaction = new TransactionTemplate(new RabbitTransactionManager(f));
		transaction.executeWithoutResult(status -> {
			inside.send("", shared.getName(), message("no"));
			status.setRollbackOnly();
		});
		transaction.executeWithoutResult(status -> {
			inside.send("", shared.getName(), message("yes"));
			Scenarios.same(bodies(shared), List.of());
		});
		transaction.executeWithoutResult(status -> {
			Scenarios.same(new String(inside.receive(shared.getName()).getBody()), "yes");
			status.setRollbackOnly();
		});
		transaction.executeWithoutResult(status -> {
			Scenarios.same(new String(inside.receive(shared.getName()).getBody()), "yes");
		});
		f.destroy();
		Scenarios.same(bodies(shared), List.of());
		admin.deleteQueue(shared.getName());
	}

	private void deadLetter() throws Exception {
		Queue dead = queue();
		Queue q = QueueBuilder.nonDurable(Scenarios.name()).exclusive().ttl(50)
				.deadLetterExchange("").deadLetterRoutingKey(dead.getName()).build();
		admin.declareQueue(q);
		put(q, List.of("late"));
		Message m = template.receive(dead.getName(), 3000);
		Scenarios.truth(m != null, "nothing came out");
		Map<String, ?> death = m.getMessageProperties().getXDeathHeader().get(0);
		Scenarios.same(new String(m.getBody()), "late");
		Scenarios.same(death.get("queue"), q.getName());
		Scenarios.same(death.get("reason"), "expired");
		Scenarios.same(death.get("count"), 1L);
	}

	/** The container and the template connect again by themselves. */
	private void restart() throws Exception {
		Queue q = QueueBuilder.durable(Scenarios.name()).build();
		TopicExchange x = new TopicExchange(Scenarios.name());
		admin.declareQueue(q);
		admin.declareExchange(x);
		admin.declareBinding(BindingBuilder.bind(q).to(x).with("a.#"));
		for (String body : Scenarios.numbers(100)) {
			send(x.getName(), "a.b", body);
		}
		Scenarios.broker("crash");
		Scenarios.broker("start");
		Scenarios.same(admin.getQueueInfo(q.getName()).getMessageCount(), 100L);
		List<String> got = list();
		listen(q, AcknowledgeMode.AUTO, 0, m -> got.add(new String(m.getBody())));
		Scenarios.settled(got, 100);
		Scenarios.broker("crash");
		Scenarios.broker("start");
		send(x.getName(), "a.c", "100");
		Scenarios.await(() -> got.size() > 100);
		Scenarios.same(new HashSet<>(got), new HashSet<>(Scenarios.numbers(101)));
		admin.deleteQueue(q.getName());
		admin.deleteExchange(x.getName());
	}

	public static void main(String[] args) throws Exception {
		Scenarios.port = Integer.parseInt(args[0]);
		Map<String, Object> cases = new HashMap<>();
		cases.put("connect", (Scenarios.Case) Drive::connect);
		cases.put("login-refused", (Scenarios.Case) Drive::loginRefused);
		cases.put("vhost-unknown", (Scenarios.Case) Drive::vhostUnknown);
		cases.put("channels", session(Drive::channels));
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
		cases.put("consume", session(Drive::consume));
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
		cases.put("restart", session(Drive::restart));
		Scenarios.main(args, cases);
	}
}
