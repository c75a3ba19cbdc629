// SPDX-License-Identifier: Apache-2.0

// A Storm topology in this process: the spout of storm-rabbitmq takes ids from queue `in`, a bolt
// fails the first attempt of every tenth, another puts the rest into `out`. Where messages come
// again that is one of our own, which waits for confirms; otherwise that of storm-rabbitmq.
//
// usage: Topology PORT (requeue|drop) KEEPER
//   what becomes of a message whose tuple failed; the port for a ZooKeeper of its own
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import io.latent.storm.rabbitmq.Declarator;
import io.latent.storm.rabbitmq.RabbitMQBolt;
import io.latent.storm.rabbitmq.RabbitMQMessageScheme;
import io.latent.storm.rabbitmq.RabbitMQSpout;
import io.latent.storm.rabbitmq.TupleToMessageNonDynamic;
import io.latent.storm.rabbitmq.config.ConnectionConfig;
import io.latent.storm.rabbitmq.config.ConsumerConfigBuilder;
import io.latent.storm.rabbitmq.config.ProducerConfigBuilder;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.storm.Config;
import org.apache.storm.LocalCluster;
import org.apache.storm.shade.org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.storm.shade.org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.storm.spout.Scheme;
import org.apache.storm.task.OutputCollector;
import org.apache.storm.task.TopologyContext;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.topology.TopologyBuilder;
import org.apache.storm.topology.base.BaseRichBolt;
import org.apache.storm.tuple.Fields;
import org.apache.storm.tuple.Tuple;
import org.apache.storm.tuple.Values;

public class Topology {
	static class Ids implements Scheme {
		@Override
		public List<Object> deserialize(ByteBuffer body) {
			return new Values(StandardCharsets.UTF_8.decode(body).toString());
		}

		@Override
		public Fields getOutputFields() {
			return new Fields("id");
		}
	}

	/** Fails what ends in 7 at its first attempt, and says so; what comes again must say so, too. */
	static class Flaky extends BaseRichBolt {
		transient OutputCollector out;
		transient Set<String> failed;

		@Override
		public void prepare(Map<String, Object> config, TopologyContext context,
				OutputCollector collector) {
			out = collector;
			failed = new HashSet<>();
		}

		@Override
		public void execute(Tuple tuple) {
			String id = tuple.getStringByField("id");
			RabbitMQMessageScheme.Envelope envelope =
					(RabbitMQMessageScheme.Envelope) tuple.getValueByField("envelope");
			if (id.endsWith("7") && failed.add(id)) {
				System.out.println("failed " + id);
				out.fail(tuple);
				return;
			}
			if (id.endsWith("7") && !envelope.isRedelivery())
				System.out.println("unmarked " + id);
			out.emit(tuple, new Values(id));
			out.ack(tuple);
		}

		@Override
		public void declareOutputFields(OutputFieldsDeclarer declarer) {
			declarer.declare(new Fields("id"));
		}
	}

	/** Acks what the broker has confirmed. */
	static class Confirmed extends BaseRichBolt {
		final int port;
		transient OutputCollector collector;
		transient Channel channel;

		Confirmed(int port) {
			this.port = port;
		}

		@Override
		public void prepare(Map<String, Object> config, TopologyContext context,
				OutputCollector out) {
			collector = out;
			ConnectionFactory broker = new ConnectionFactory();
			broker.setPort(port);
			try {
				channel = broker.newConnection().createChannel();
				channel.confirmSelect();
			} catch (IOException e) {
				throw new IllegalStateException(e);
			}
		}

		@Override
		public void execute(Tuple tuple) {
			try {
				channel.basicPublish("amq.direct", "out", MessageProperties.PERSISTENT_TEXT_PLAIN,
						tuple.getStringByField("id").getBytes(StandardCharsets.UTF_8));
				channel.waitForConfirmsOrDie();
			} catch (IOException | InterruptedException e) {
				throw new IllegalStateException(e);
			}
			collector.ack(tuple);
		}

		@Override
		public void declareOutputFields(OutputFieldsDeclarer declarer) {}
	}

	static class Body extends TupleToMessageNonDynamic {
		@Override
		protected byte[] extractBody(Tuple tuple) {
			return tuple.getStringByField("id").getBytes(StandardCharsets.UTF_8);
		}
	}

	/** Starts a ZooKeeper that listens to this machine only: LocalCluster's own does not. */
	static int keeper(int port) throws Exception {
		File folder = Files.createTempDirectory("keeper").toFile();
		NIOServerCnxnFactory door = new NIOServerCnxnFactory();
		door.configure(new InetSocketAddress("127.0.0.1", port), 100);
		door.startup(new ZooKeeperServer(folder, folder, 2000));
		return port;
	}

	public static void main(String[] args) throws Exception {
		int port = Integer.parseInt(args[0]);
		boolean requeue = args[1].equals("requeue");
		ConnectionConfig broker = new ConnectionConfig("127.0.0.1", port, "guest", "guest", "/", 10);
		ConsumerConfigBuilder in =
				new ConsumerConfigBuilder().connection(broker).queue("in").prefetch(200);
		if (requeue)
			in.requeueOnFail();
		ProducerConfigBuilder out = new ProducerConfigBuilder().connection(broker)
				.exchange("amq.direct").routingKey("out").contentType("text/plain")
				.contentEncoding("UTF-8").persistent();
		TopologyBuilder topology = new TopologyBuilder();
		topology.setSpout("in", new RabbitMQSpout(
				new RabbitMQMessageScheme(new Ids(), "envelope", "properties"), new Declarator.NoOp()))
				.addConfigurations(in.build().asMap()).setMaxSpoutPending(200);
		topology.setBolt("flaky", new Flaky()).shuffleGrouping("in");
		topology.setBolt("out", requeue ? new Confirmed(port) : new RabbitMQBolt(new Body()),
				requeue ? 8 : 1)
				.addConfigurations(out.build().asMap()).shuffleGrouping("flaky");
		Config config = new Config();
		config.setMessageTimeoutSecs(30);
		LocalCluster cluster = new LocalCluster.Builder()
				.withDaemonConf(Config.TOPOLOGY_ENABLE_MESSAGE_TIMEOUTS, true)
				.withDaemonConf(Config.STORM_ZOOKEEPER_SERVERS, List.of("127.0.0.1"))
				.withDaemonConf(Config.STORM_ZOOKEEPER_PORT, keeper(Integer.parseInt(args[2])))
				.build();
		cluster.submitTopology("ids", config, topology.createTopology());
	}
}
