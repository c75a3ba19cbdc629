/* SPDX-License-Identifier: Apache-2.0 */
/* hop, RabbitMQ's Java client of the HTTP API, as it comes: each of its calls, and what it makes of
 * the answers. Shovels and federation are refused: there are none.
 *
 * usage: Hop.java URL      something of everything is in the broker (api.py) */
import com.rabbitmq.http.client.Client;
import com.rabbitmq.http.client.ClientParameters;
import com.rabbitmq.http.client.GetAckMode;
import com.rabbitmq.http.client.GetEncoding;
import com.rabbitmq.http.client.HttpClientException;
import com.rabbitmq.http.client.domain.*;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

class Hop {
	static final String QUEUE = "orders of+today/1";
	static boolean failed;
	static Client c;

	interface Step {
		void run() throws Exception;
	}

	/* A call is right when it returns true. */
	static void is(String what, Callable<Boolean> holds) {
		boolean ok = false;
		String why = "it is not so";
		try {
			ok = holds.call();
		} catch (Exception e) {
			why = e.toString();
		}
		failed |= !ok;
		System.out.println(ok ? "ok " + what : "FAIL " + what + ": " + why);
	}

	static void does(String what, Step step) {
		is(what, () -> {
			step.run();
			return true;
		});
	}

	static void refused(String what, int status, Step step) {
		is(what + " is refused", () -> {
			try {
				step.run();
				return false;
			} catch (HttpClientException e) {
				return e.status() == status;
			}
		});
	}

	static <T> boolean has(List<T> all, java.util.function.Predicate<T> one) {
		return all.stream().anyMatch(one);
	}

	static QueryParameters page(String name) {
		QueryParameters q = new QueryParameters();
		q.name(name, true);
		q.pagination().pageSize(2);
		return q;
	}

	static void broker() {
		is("getOverview", () -> c.getOverview().getServerVersion().startsWith("4.") &&
			c.getOverview().getObjectTotals().getConnections() == 1 &&
			has(c.getOverview().getListeners(), l -> l.getProtocol().equals("amqp")));
		is("alivenessTest", () -> c.alivenessTest("/"));
		is("whoAmI", () -> c.whoAmI().getName().equals("guest") &&
			c.whoAmI().getTags().contains("administrator"));
		is("getNodes", () -> c.getNodes().size() == 1 && c.getNodes().get(0).isRunning() &&
			c.getNodes().get(0).isDiskNode());
		is("getNode", () -> c.getNode(c.getOverview().getNode()).getErlangProcessesTotal() > 0 &&
			c.getNode(c.getOverview().getNode()).getFileDescriptorsUsed() > 0 &&
			c.getNode(c.getOverview().getNode()).getEnabledPlugins().contains("rabbitmq_management"));
		String before = c.getClusterName().getName();
		does("setClusterName", () -> c.setClusterName("hop"));
		is("getClusterName", () -> c.getClusterName().getName().equals("hop"));
		c.setClusterName(before);
		is("getExtensions", () -> c.getExtensions().size() == 1);
		is("getDefinitions", () ->
			has(c.getDefinitions().getQueues(), q -> q.getName().equals(QUEUE)) &&
			has(c.getDefinitions().getTopicPermissions(), p -> p.getUser().equals("clerk")) &&
			has(c.getDefinitions().getGlobalParameters(), p -> p.getName().equals("mark")) &&
			has(c.getDefinitions().getBindings(), b -> b.getArguments().containsKey("x")));
	}

	static void clients() {
		is("getConnections", () -> c.getConnections().size() == 1 &&
			c.getConnections().get(0).getProtocol().equals("AMQP 0-9-1"));
		String name = c.getConnections().get(0).getName();
		is("getConnections of a page", () -> c.getConnections(page("127")).getItems().length == 1);
		is("getConnection", () -> c.getConnection(name).getChannels() == 1 &&
			c.getConnection(name).getConnectedAt() > 0);
		is("getConnectionsOfUser", () ->
			c.getConnectionsOfUser("guest").get(0).getName().equals(name));
		is("getChannels", () ->
			c.getChannels().size() == 1 && c.getChannels().get(0).getPrefetchCount() == 2);
		is("getChannels of a page", () -> c.getChannels(page("127")).getTotalCount() == 1);
		is("getChannels of a connection", () -> c.getChannels(name).get(0).usesPublisherConfirms());
		is("getChannel", () -> c.getChannel(name + " (1)").getConsumerCount() == 1);
		is("getConsumers", () -> c.getConsumers().get(0).getQueueDetails().getName().equals(QUEUE));
		is("getConsumers of a virtual host", () -> c.getConsumers("shop").isEmpty() &&
			c.getConsumers("/").get(0).isActive());
	}

	static void queuesAndExchanges() {
		does("declareExchange", () -> c.declareExchange("/", "hx",
			new ExchangeInfo("topic", true, false, false, Map.of("alternate-exchange", "amq.fanout"))));
		is("getExchanges", () ->
			has(c.getExchanges(), x -> x.getName().equals("hx") && x.isDurable()));
		is("getExchanges of a page", () -> c.getExchanges(page("^hx")).getItems().length == 1);
		is("getExchanges of a virtual host", () ->
			has(c.getExchanges("shop"), x -> x.getName().equals("amq.topic")));
		is("getExchanges of a page there", () ->
			c.getExchanges("/", page("^amq")).getPageSize() == 2);
		is("getExchange", () ->
			c.getExchange("/", "hx").getArguments().get("alternate-exchange").equals("amq.fanout"));
		does("declareQueue", () -> c.declareQueue("/", "hq",
			new QueueInfo(true, false, false, Map.of("x-max-length", 100))));
		refused("another declareQueue", 400, () ->
			c.declareQueue("/", "hq", new QueueInfo(false, false, false)));
		is("getQueues", () -> has(c.getQueues(), q -> q.getName().equals(QUEUE)));
		is("getQueues with rates", () ->c.getQueues(new DetailsParameters() 
			.messageRates(Duration.ofSeconds(60), Duration.ofSeconds(5))).size() >= 3);
		is("getQueues of a virtual host", () -> c.getQueues("shop").isEmpty());
		is("getQueues there with lengths", () -> c.getQueues("/", new DetailsParameters()
			.lengths(60, 5)).size() >= 3);
		is("getQueues of a page", () -> c.getQueues(page("^hq$")).getFilteredCount() == 1);
		is("getQueues of a page there", () -> c.getQueues("/", page(".")).getItems().length == 2);
		is("getQueue", () -> c.getQueue("/", "hq").getArguments().get("x-max-length").equals(100) &&
			c.getQueue("/", "hq").getType().equals("classic") && c.getQueue("/", "nothing") == null);
		is("getQueue with rates", () -> c.getQueue("/", QUEUE, new DetailsParameters()
			.messageRates(60, 5)).getConsumerCount() == 1);
		does("bindQueue", () -> c.bindQueue("/", "hq", "hx", "a.#"));
		does("bindQueue with arguments", () -> c.bindQueue("/", "hq", "hx", "b", Map.of("n", 5)));
		does("bindExchange", () -> c.bindExchange("/", "hx", "amq.topic", "c"));
		does("bindExchange with arguments", () ->
			c.bindExchange("/", "hx", "amq.topic", "d", Map.of("n", 5)));
		is("getBindings", () -> has(c.getBindings(), b -> b.getRoutingKey().equals("b") &&
			b.getArguments().get("n").equals(5)));
		is("getBindings of a virtual host", () -> c.getBindings("shop").isEmpty());
		is("getBindingsBySource", () -> c.getBindingsBySource("/", "hx").size() == 2);
		is("getExchangeBindingsByDestination", () ->
			c.getExchangeBindingsByDestination("/", "hx").size() == 2);
		is("getQueueBindings", () -> c.getQueueBindings("/", "hq").size() == 3);
		is("getQueueBindingsBetween", () -> c.getQueueBindingsBetween("/", "hx", "hq").size() == 2);
		is("getExchangeBindingsBetween", () ->
			c.getExchangeBindingsBetween("/", "amq.topic", "hx").size() == 2);
		is("publish", () -> c.publish("/", "hx", "a.b",
			new OutboundMessage().payload("one").utf8Encoded().properties(Map.of("delivery_mode", 2))));
		is("publish what goes nowhere", () -> c.publish("/", "amq.direct", "no",
			new OutboundMessage().payload("b25l").base64Encoded()) == false);
		is("get", () -> c.get("/", "hq").getPayload().equals("one") &&
			c.get("/", "hq").getProperties().get("delivery_mode").equals(2));
		is("get some", () -> c.get("/", "hq", 5, GetAckMode.ACK_REQUEUE_FALSE, GetEncoding.BASE64)
			.get(0).getPayload().equals("b25l"));
		is("get truncated", () ->
			c.publish("/", "hx", "a", new OutboundMessage().payload("one").utf8Encoded()) &&
			c.get("/", "hq", 1, GetAckMode.NACK_REQUEUE_TRUE, GetEncoding.AUTO, 2).get(0).getPayload().equals("on"));
		does("purgeQueue", () -> c.purgeQueue("/", "hq"));
		is("unbindQueue", () -> {
			c.unbindQueue("/", "hq", "hx", "a.#");
			return c.getQueueBindingsBetween("/", "hx", "hq").size() == 1;
		});
		is("unbindExchange", () -> {
			c.unbindExchange("/", "hx", "amq.topic", "c");
			return c.getExchangeBindingsBetween("/", "amq.topic", "hx").size() == 1;
		});
		refused("deleteQueue of one that is used", 400, () ->
			c.deleteQueue("/", QUEUE, new DeleteQueueParameters(false, true)));
		does("deleteQueue", () -> c.deleteQueue("/", "hq"));
		does("deleteExchange", () -> c.deleteExchange("/", "hx"));
		is("they are gone", () ->
			c.getQueue("/", "hq") == null && c.getExchange("/", "hx") == null);
	}

	static void users() {
		does("createVhost", () -> c.createVhost("hv"));
		does("createVhost with a description", () ->
			c.createVhost("hv2", true, "second", "a", "b"));
		is("getVhosts", () -> c.getVhosts().size() == 4);
		is("getVhost", () -> c.getVhost("hv2").getDescription().equals("second") &&
			c.getVhost("hv2").getTags().equals(List.of("a", "b")) && c.getVhost("hv2").isTracing());
		does("createUser", () ->
			c.createUser("hu", "pw".toCharArray(), List.of("monitoring", "management")));
		does("createUserWithPasswordHash", () -> c.createUserWithPasswordHash("hh",
			"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR".toCharArray(), List.of("management")));
		does("updateUser", () -> c.updateUser("hu", "pw2".toCharArray(), List.of("management")));
		is("getUser", () ->
			c.getUser("hu").getTags().equals(List.of("management")) && c.getUser("none") == null);
		is("getUsers", () -> c.getUsers().size() == 4);
		does("updatePermissions", () ->
			c.updatePermissions("hv", "hu", new UserPermissions("c", "w", "r")));
		is("getPermissions", () -> has(c.getPermissions(), p -> p.getUser().equals("hu")));
		is("getPermissionsIn", () -> c.getPermissionsIn("hv").size() == 2);
		is("getPermissionsOf", () -> c.getPermissionsOf("hu").get(0).getVhost().equals("hv"));
		is("getPermissions of one", () -> c.getPermissions("hv", "hu").getConfigure() != null &&
			c.getPermissions("hv2", "hu") == null);
		does("updateTopicPermissions", () -> c.updateTopicPermissions("hv", "hu",
			new TopicPermissions("amq.topic", "^a", "^b")));
		is("getTopicPermissions", () -> c.getTopicPermissions().size() == 2);
		is("getTopicPermissionsIn", () -> c.getTopicPermissionsIn("hv").size() == 1);
		is("getTopicPermissionsOf", () ->
			c.getTopicPermissionsOf("hu").get(0).getExchange().equals("amq.topic"));
		is("getTopicPermissions of one", () -> c.getTopicPermissions("hv", "hu").size() == 1);
		does("clearTopicPermissions", () -> c.clearTopicPermissions("hv", "hu"));
		does("clearPermissions", () -> c.clearPermissions("hv", "hu"));
		does("limitMaxNumberOfConnections", () -> c.limitMaxNumberOfConnections("hv", 5));
		does("limitMaxNumberOfQueues", () -> c.limitMaxNumberOfQueues("hv", 6));
		is("getVhostLimits", () -> has(c.getVhostLimits(), l -> l.getVhost().equals("hv")));
		is("getVhostLimits of one", () -> c.getVhostLimits("hv").getMaxConnections() == 5 &&
			c.getVhostLimits("hv").getMaxQueues() == 6);
		does("clearMaxConnectionsLimit", () -> c.clearMaxConnectionsLimit("hv"));
		does("clearMaxQueuesLimit", () -> c.clearMaxQueuesLimit("hv"));
		does("deleteUser", () -> c.deleteUser("hu"));
		does("deleteUser, the other", () -> c.deleteUser("hh"));
		does("deleteVhost", () -> c.deleteVhost("hv"));
		does("deleteVhost, the other", () -> c.deleteVhost("hv2"));
	}

	static void policies() {
		does("declarePolicy", () -> c.declarePolicy("/", "hp",
			new PolicyInfo("^h", 1, "queues", Map.of("max-length", 5))));
		does("declareOperatorPolicy", () -> c.declareOperatorPolicy("/", "ho",
			new PolicyInfo("^h", 1, "queues", Map.of("max-length", 5))));
		is("getPolicies", () -> has(c.getPolicies(), p -> p.getName().equals("hp") &&
			p.getDefinition().get("max-length").equals(5)));
		is("getPolicies of a virtual host", () -> c.getPolicies("shop").isEmpty());
		is("getOperatorPolicies", () ->
			has(c.getOperatorPolicies(), p -> p.getName().equals("ho")));
		is("getOperatorPolicies of a virtual host", () -> c.getOperatorPolicies("/").size() == 2);
		does("deletePolicy", () -> c.deletePolicy("/", "hp"));
		does("deleteOperatorPolicy", () -> c.deleteOperatorPolicy("/", "ho"));
		does("setMqttPortToVhostMapping", () -> c.setMqttPortToVhostMapping(Map.of(1883, "shop")));
		is("getMqttPortToVhostMapping", () ->
			c.getMqttPortToVhostMapping().getValue().get(1883).equals("shop"));
		does("deleteMqttPortToVhostMapping", () -> c.deleteMqttPortToVhostMapping());
	}

	static void whatIsNotThere() {
		ShovelDetails shovel = new ShovelDetails("amqp://", "amqp://", 30, true, null);
		shovel.setSourceQueue("a");
		shovel.setDestinationQueue("b");
		refused("declareShovel", 400, () -> c.declareShovel("/", new ShovelInfo("s", shovel)));
		is("getShovels", () -> c.getShovels().isEmpty() && c.getShovels("/").isEmpty());
		is("getShovelsStatus", () ->
			c.getShovelsStatus().isEmpty() && c.getShovelsStatus("/").isEmpty());
		UpstreamDetails upstream = new UpstreamDetails();
		upstream.setUri("amqp://");
		refused("declareUpstream", 400, () -> c.declareUpstream("/", "u", upstream));
		is("getUpstreams", () -> c.getUpstreams().isEmpty() && c.getUpstreams("/").isEmpty());
		is("getUpstreamSets", () ->
			c.getUpstreamSets().isEmpty() && c.getUpstreamSets("/").isEmpty());
	}

	public static void main(String[] args) throws Exception {
		c = new Client(new ClientParameters().url(args[0] + "/api/").username("guest").password("guest"));
		broker();
		clients();
		queuesAndExchanges();
		users();
		policies();
		whatIsNotThere();
		does("closeConnection", () ->
			c.closeConnection(c.getConnections().get(0).getName(), "hop"));
		System.exit(failed ? 1 : 0);
	}
}
