// SPDX-License-Identifier: Apache-2.0

// What users of rabbit-hole do, family by family, at the HTTP API whose address is the argument.
// with_scene.py has put something of everything into the broker.
package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	rabbithole "github.com/michaelklishin/rabbit-hole/v2"
)

const queue = "orders of+today/1"

var failed = 0

func check(what string, ok bool, detail ...interface{}) {
	if ok {
		fmt.Println("ok", what)
		return
	}
	failed = 1
	fmt.Println("FAIL", what, fmt.Sprintf("%+v", detail))
}

// An answer that was read into its type, and has this many or more.
func list[T any](what string, n int, call func() ([]T, error)) []T {
	rows, err := call()
	check(what, err == nil && len(rows) >= n, err, rows)
	return rows
}

// A request that changes something: its status.
func change(what string, status int, call func() (*http.Response, error)) {
	r, err := call()
	check(what, err == nil && r.StatusCode == status, err, r)
}

func lists(c *rabbithole.Client) {
	list("ListNodes", 1, c.ListNodes)
	list("ListQueues", 2, c.ListQueues)
	list("ListExchanges", 14, c.ListExchanges)
	list("ListBindings", 3, c.ListBindings)
	list("ListVhosts", 2, c.ListVhosts)
	list("ListUsers", 2, c.ListUsers)
	list("ListPermissions", 2, c.ListPermissions)
	list("ListTopicPermissions", 1, c.ListTopicPermissions)
	list("ListPolicies", 1, c.ListPolicies)
	list("ListOperatorPolicies", 1, c.ListOperatorPolicies)
	list("ListConnections", 1, c.ListConnections)
	list("ListChannels", 1, c.ListChannels)
	list("ListConsumers", 1, c.ListConsumers)
	list("ListGlobalParameters", 1, c.ListGlobalParameters)
	list("ListRuntimeParameters", 0, c.ListRuntimeParameters)
	list("ListFeatureFlags", 3, c.ListFeatureFlags)
	list("GetAllVhostLimits", 1, c.GetAllVhostLimits)
	list("GetAllUserLimits", 1, c.GetAllUserLimits)
	list("ListFederationLinks", 0, c.ListFederationLinks)
	list("ListQueuesIn", 2, func() ([]rabbithole.QueueInfo, error) { return c.ListQueuesIn("/") })
	list("ListExchangesIn", 7,
		func() ([]rabbithole.ExchangeInfo, error) { return c.ListExchangesIn("shop") })
	list("ListBindingsIn", 3,
		func() ([]rabbithole.BindingInfo, error) { return c.ListBindingsIn("/") })
	list("ListQueueBindings", 2,
		func() ([]rabbithole.BindingInfo, error) { return c.ListQueueBindings("/", queue) })
	list("ListVhostConnections", 1,
		func() ([]rabbithole.ConnectionInfo, error) { return c.ListVhostConnections("/") })
	list("ListConsumersIn", 1,
		func() ([]rabbithole.ConsumerInfo, error) { return c.ListConsumersIn("/") })
}

func broker(c *rabbithole.Client) {
	o, err := c.Overview()
	check("Overview", err == nil && strings.HasPrefix(o.RabbitMQVersion, "4.") && o.Node != "", err)
	w, err := c.Whoami()
	check("Whoami", err == nil && w.Name == "guest", err, w)
	n, err := c.GetNode(o.Node)
	check("GetNode", err == nil && n.Name == o.Node && n.IsRunning, err, n)
	ports, err := c.ProtocolPorts()
	check("ProtocolPorts", err == nil && ports["amqp"] != 0, err, ports)
	change("SetClusterName", 204, func() (*http.Response, error) {
		return c.SetClusterName(rabbithole.ClusterName{Name: "another"})
	})
	name, err := c.GetClusterName()
	check("GetClusterName", err == nil && name.Name == "another", err, name)
	d, err := c.ListDefinitions()
	check("ListDefinitions", err == nil && len(*d.Queues) >= 1 && len(*d.Users) >= 2, err)
	change("EnableFeatureFlag", 204,
		func() (*http.Response, error) { return c.EnableFeatureFlag("quorum_queue") })
}

func checks(c *rabbithole.Client) {
	alarms, err := c.HealthCheckAlarms()
	check("HealthCheckAlarms", err == nil && alarms.Ok(), err)
	local, err := c.HealthCheckLocalAlarms()
	check("HealthCheckLocalAlarms", err == nil && local.Ok(), err)
	certs, err := c.HealthCheckCertificateExpiration(1, rabbithole.DAYS)
	check("HealthCheckCertificateExpiration", err == nil && certs.Ok(), err)
	port, err := c.HealthCheckPortListener(1)
	check("HealthCheckPortListener of none", err == nil && !port.Ok(), err, port)
	amqp, err := c.HealthCheckProtocolListener(rabbithole.AMQP)
	check("HealthCheckProtocolListener", err == nil && amqp.Ok(), err, amqp)
	vhosts, err := c.HealthCheckVirtualHosts()
	check("HealthCheckVirtualHosts", err == nil && vhosts.Ok(), err)
	quorum, err := c.HealthCheckNodeIsQuorumCritical()
	check("HealthCheckNodeIsQuorumCritical", err == nil && quorum.Ok(), err)
}

func access(c *rabbithole.Client) {
	change("PutVhost", 201, func() (*http.Response, error) {
		return c.PutVhost("v/1", rabbithole.VhostSettings{Tracing: true, Description: "one",
			Tags: rabbithole.VhostTags{"a", "b"}})
	})
	v, err := c.GetVhost("v/1")
	check("GetVhost", err == nil && v.Tracing && v.Description == "one" && len(v.Tags) == 2, err, v)
	change("PutUser", 201, func() (*http.Response, error) {
		return c.PutUser("u", rabbithole.UserSettings{Password: "pw",
			Tags: rabbithole.UserTags{"management"}})
	})
	u, err := c.GetUser("u")
	check("GetUser", err == nil && len(u.Tags) == 1 && u.PasswordHash != "", err, u)
	change("PutUserWithoutPassword", 201, func() (*http.Response, error) {
		return c.PutUserWithoutPassword("w", rabbithole.UserSettings{})
	})
	change("UpdatePermissionsIn", 201, func() (*http.Response, error) {
		return c.UpdatePermissionsIn("v/1", "u",
			rabbithole.Permissions{Configure: "c.*", Write: "w.*", Read: "r.*"})
	})
	p, err := c.GetPermissionsIn("v/1", "u")
	check("GetPermissionsIn", err == nil && p.Configure == "c.*", err, p)
	list("ListPermissionsOf", 1,
		func() ([]rabbithole.PermissionInfo, error) { return c.ListPermissionsOf("u") })
	change("UpdateTopicPermissionsIn", 201, func() (*http.Response, error) {
		return c.UpdateTopicPermissionsIn("v/1", "u",
			rabbithole.TopicPermissions{Exchange: "amq.topic", Write: ".*", Read: ".*"})
	})
	list("GetTopicPermissionsIn", 1, func() ([]rabbithole.TopicPermissionInfo, error) {
		return c.GetTopicPermissionsIn("v/1", "u")
	})
	change("DeleteTopicPermissionsIn", 204, func() (*http.Response, error) {
		return c.DeleteTopicPermissionsIn("v/1", "u", "amq.topic")
	})
	change("ClearPermissionsIn", 204,
		func() (*http.Response, error) { return c.ClearPermissionsIn("v/1", "u") })
	change("PutVhostLimits", 204, func() (*http.Response, error) {
		return c.PutVhostLimits("v/1", rabbithole.VhostLimitsValues{"max-queues": 5})
	})
	l, err := c.GetVhostLimits("v/1")
	check("GetVhostLimits", err == nil && len(l) == 1 && l[0].Value["max-queues"] == 5, err, l)
	change("DeleteVhostLimits", 204, func() (*http.Response, error) {
		return c.DeleteVhostLimits("v/1", rabbithole.VhostLimits{"max-queues"})
	})
	change("PutUserLimits", 204, func() (*http.Response, error) {
		return c.PutUserLimits("u", rabbithole.UserLimitsValues{"max-channels": 5})
	})
	change("DeleteUserLimits", 204, func() (*http.Response, error) {
		return c.DeleteUserLimits("u", rabbithole.UserLimits{"max-channels"})
	})
	change("DeleteUser", 204, func() (*http.Response, error) { return c.DeleteUser("u") })
	change("DeleteUser w", 204, func() (*http.Response, error) { return c.DeleteUser("w") })
	change("DeleteVhost", 204, func() (*http.Response, error) { return c.DeleteVhost("v/1") })
	_, err = c.GetVhost("v/1")
	check("GetVhost of none", err != nil && strings.Contains(err.Error(), "404"), err)
}

func topology(c *rabbithole.Client) {
	change("DeclareExchange", 201, func() (*http.Response, error) {
		return c.DeclareExchange("/", "x/1", rabbithole.ExchangeSettings{Type: "topic",
			Durable: true, Arguments: map[string]interface{}{"alternate-exchange": "amq.fanout"}})
	})
	x, err := c.GetExchange("/", "x/1")
	check("GetExchange", err == nil && x.Type == "topic" && x.Durable &&
		x.Arguments["alternate-exchange"] == "amq.fanout", err, x)
	change("DeclareQueue", 201, func() (*http.Response, error) {
		return c.DeclareQueue("/", "q/1", rabbithole.QueueSettings{Type: "quorum", Durable: true,
			Arguments: map[string]interface{}{"x-delivery-limit": 3}})
	})
	change("DeclareQueue again", 204, func() (*http.Response, error) {
		return c.DeclareQueue("/", "q/1", rabbithole.QueueSettings{Type: "quorum", Durable: true,
			Arguments: map[string]interface{}{"x-delivery-limit": 3}})
	})
	q, err := c.GetQueue("/", "q/1")
	check("GetQueue", err == nil && q.Durable && q.Type == "quorum" && q.Node != "", err, q)
	rates, err := c.GetQueueWithParameters("/", queue, url.Values{
		"lengths_age": {"60"}, "lengths_incr": {"5"}, "msg_rates_age": {"60"},
		"msg_rates_incr": {"5"}})
	check("GetQueueWithParameters", err == nil && rates.Messages == 5, err, rates)
	page, err := c.PagedListQueuesWithParameters(url.Values{"page": {"1"}, "page_size": {"1"}})
	check("PagedListQueuesWithParameters", err == nil && page.ItemCount == 1 &&
		page.TotalCount == 3, err, page)
	binding := rabbithole.BindingInfo{Source: "x/1", Vhost: "/", Destination: "q/1",
		DestinationType: "queue", RoutingKey: "a.#", Arguments: map[string]interface{}{"k": "v"}}
	r, err := c.DeclareBinding("/", binding)
	check("DeclareBinding", err == nil && r.StatusCode == 201, err)
	found, err := c.ListQueueBindingsBetween("/", "x/1", "q/1")
	check("ListQueueBindingsBetween", err == nil && len(found) == 1 &&
		found[0].RoutingKey == "a.#", err, found)
	if len(found) == 1 {
		change("DeleteBinding", 204,
			func() (*http.Response, error) { return c.DeleteBinding("/", found[0]) })
	}
	change("PurgeQueue", 204, func() (*http.Response, error) { return c.PurgeQueue("/", "q/1") })
	change("DeleteQueue", 204, func() (*http.Response, error) {
		return c.DeleteQueue("/", "q/1", rabbithole.QueueDeleteOptions{IfEmpty: true})
	})
	change("DeleteExchange", 204,
		func() (*http.Response, error) { return c.DeleteExchange("/", "x/1") })
}

func policies(c *rabbithole.Client) {
	change("PutPolicy", 201, func() (*http.Response, error) {
		return c.PutPolicy("/", "p", rabbithole.Policy{Pattern: "^q", ApplyTo: "queues",
			Definition: rabbithole.PolicyDefinition{"max-length": 10}, Priority: 2})
	})
	p, err := c.GetPolicy("/", "p")
	check("GetPolicy", err == nil && p.Priority == 2 && p.ApplyTo == "queues", err, p)
	change("DeletePolicy", 204, func() (*http.Response, error) { return c.DeletePolicy("/", "p") })
	change("PutOperatorPolicy", 201, func() (*http.Response, error) {
		return c.PutOperatorPolicy("/", "o", rabbithole.OperatorPolicy{Pattern: "^q",
			ApplyTo: "queues", Definition: rabbithole.PolicyDefinition{"max-length": 10}})
	})
	change("DeleteOperatorPolicy", 204,
		func() (*http.Response, error) { return c.DeleteOperatorPolicy("/", "o") })
	change("PutGlobalParameter", 201, func() (*http.Response, error) {
		return c.PutGlobalParameter("g", map[string]interface{}{"a": 1})
	})
	change("DeleteGlobalParameter", 204,
		func() (*http.Response, error) { return c.DeleteGlobalParameter("g") })
}

func clients(c *rabbithole.Client) {
	for _, each := range list("ListConnections", 1, c.ListConnections) {
		one, err := c.GetConnection(each.Name)
		check("GetConnection", err == nil && one.User == "guest" && one.Port != 0, err, one)
		for _, ch := range list("ListChannels", 1, c.ListChannels) {
			got, err := c.GetChannel(ch.Name)
			check("GetChannel", err == nil && got.Number == 1, err, got)
		}
		change("CloseConnection", 204,
			func() (*http.Response, error) { return c.CloseConnection(each.Name) })
	}
}

func main() {
	c, err := rabbithole.NewClient(os.Args[1], "guest", "guest")
	check("NewClient", err == nil, err)
	lists(c)
	broker(c)
	checks(c)
	access(c)
	topology(c)
	policies(c)
	clients(c)
	os.Exit(failed)
}
