/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of arguments and policies, with values that they may have. */

const limits = {
	"message-ttl": 60000, "expires": 3600000, "max-length": 1000, "max-length-bytes": 1048576,
	"overflow": "reject-publish", "delivery-limit": 20, "retain-ms": 86400000,
	"retain-bytes": 1073741824,
};

const both = {
	...limits, "dead-letter-exchange": "", "dead-letter-routing-key": "dead",
	"dead-letter-strategy": "at-least-once", "consumer-timeout": 1800000,
	"delayed-retry-type": "all", "delayed-retry-min": 1000, "delayed-retry-max": 60000,
	"max-age": "7D", "stream-max-segment-size-bytes": 67108864,
};

const of_arguments = keys =>
	Object.fromEntries(Object.entries(keys).map(([key, value]) => [`x-${key}`, value]));

export const of_queues = of_arguments({
	...both, "max-priority": 10, "single-active-consumer": true, "message-deduplication": true,
	"group-header": "customer", "compact-key": "key",
});

export const of_exchanges = {
	"alternate-exchange": "unrouted", "hash-header": "customer",
	...of_arguments({ "delayed-type": "topic", "recent-history-length": 100,
		"message-deduplication": true, "cache-size": 10000, "cache-ttl": 60000 }),
};

export const of_policies = { ...both, "alternate-exchange": "unrouted", "unroutable": "nack" };

export const of_operators = limits;

export const of_messages = {
	content_type: "application/json", content_encoding: "gzip", priority: 5, expiration: "60000",
	correlation_id: "", reply_to: "", message_id: "", timestamp: 0, type: "", user_id: "",
	app_id: "",
};
