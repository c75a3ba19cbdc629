// SPDX-License-Identifier: Apache-2.0

// A Flink job that counts how often it meets each correlation id of a queue; the counts are its
// state, restored from the checkpoint it is given. After each checkpoint that is complete it says
// what that holds:
//
//   checkpoint 7: 31000 of 100000 ids, 0 more than once, 812 of the messages came again
//
// usage: CountIds PORT QUEUE IDS (ids|nothing) FOLDER [CHECKPOINT]
//   ids or nothing: what Flink knows a message by when it comes again
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Envelope;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.api.common.functions.FilterFunction;
import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.CheckpointConfig.ExternalizedCheckpointCleanup;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.DiscardingSink;
import org.apache.flink.streaming.connectors.rabbitmq.RMQDeserializationSchema;
import org.apache.flink.streaming.connectors.rabbitmq.RMQSource;
import org.apache.flink.streaming.connectors.rabbitmq.common.RMQConnectionConfig;

public class CountIds {
	/** What a message is to the counter: its id, negative (less one) if it came again. */
	static class Ids implements RMQDeserializationSchema<Integer> {
		@Override
		public void deserialize(Envelope envelope, AMQP.BasicProperties properties, byte[] body,
				RMQCollector<Integer> out) {
			int id = Integer.parseInt(properties.getCorrelationId());
			out.collect(envelope.isRedeliver() ? -1 - id : id);
		}

		@Override
		public boolean isEndOfStream(Integer id) {
			return false;
		}

		@Override
		public TypeInformation<Integer> getProducedType() {
			return TypeInformation.of(Integer.class);
		}
	}

	static class Counter
			implements FilterFunction<Integer>, CheckpointedFunction, CheckpointListener {
		final int ids;
		transient int[] counts;
		transient int again;
		transient String held;
		transient ListState<int[]> state;

		Counter(int ids) {
			this.ids = ids;
		}

		@Override
		public boolean filter(Integer id) {
			if (id < 0)
				again++;
			counts[id < 0 ? -1 - id : id]++;
			return false;
		}

		@Override
		public void initializeState(FunctionInitializationContext context) throws Exception {
			state = context.getOperatorStateStore()
					.getListState(new ListStateDescriptor<>("counts", int[].class));
			counts = new int[ids];
			for (int[] restored : state.get())
				counts = restored;
		}

		@Override
		public void snapshotState(FunctionSnapshotContext context) throws Exception {
			state.update(List.of(counts.clone()));
			held = Arrays.stream(counts).filter(n -> n > 0).count() + " of " + ids + " ids, "
					+ Arrays.stream(counts).filter(n -> n > 1).count() + " more than once, "
					+ again + " of the messages came again";
		}

		@Override
		public void notifyCheckpointComplete(long checkpoint) {
			System.out.println("checkpoint " + checkpoint + ": " + held);
		}
	}

	public static void main(String[] args) throws Exception {
		Configuration configuration = new Configuration();
		configuration.setString("jobmanager.bind-host", "127.0.0.1");
		configuration.setString("rest.bind-address", "127.0.0.1");
		configuration.setString("taskmanager.memory.network.max", "16m");
		configuration.setString("taskmanager.memory.network.min", "16m");
		if (args.length > 5)
			configuration.setString("execution.savepoint.path", args[5]);
		StreamExecutionEnvironment job =
				StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
		job.enableCheckpointing(500);
		job.getCheckpointConfig().setCheckpointStorage("file://" + args[4]);
		job.getCheckpointConfig().setExternalizedCheckpointCleanup(
				ExternalizedCheckpointCleanup.RETAIN_ON_CANCELLATION);
		job.setRestartStrategy(RestartStrategies.fixedDelayRestart(Integer.MAX_VALUE, 500L));
		RMQConnectionConfig broker = new RMQConnectionConfig.Builder().setHost("127.0.0.1")
				.setPort(Integer.parseInt(args[0])).setVirtualHost("/").setUserName("guest")
				.setPassword("guest").setPrefetchCount(5000).build();
		job.addSource(new RMQSource<>(broker, args[1], args[3].equals("ids"), new Ids()))
				.filter(new Counter(Integer.parseInt(args[2])))
				.addSink(new DiscardingSink<>());
		job.execute("count ids");
	}
}
