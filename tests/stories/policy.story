# SPDX-License-Identifier: Apache-2.0
# Policies: what they change while queues and exchanges live, and what comes before them.

scene "message-ttl: what is too old goes, what waits already too"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="old"
clock +600ms
a 1 > basic.publish routing_key=q body="young"
ctl set_policy p "^q$" "{\"message-ttl\":1000}"
clock +300ms
a 1 does queue.declare queue=q passive => message_count=2
clock +200ms
a 1 does queue.declare queue=q passive => message_count=1
ctl set_policy p "^q$" "{\"message-ttl\":400}"
a 1 does queue.declare queue=q passive => message_count=0
a 1 > basic.publish routing_key=q body="stays"
ctl clear_policy p
clock +1000s
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="stays"

scene "expires: the lease begins when the policy comes, and is over when the policy goes"
a connects
a opens 1
a 1 does queue.declare queue=q1
a 1 does queue.declare queue=q2
clock +60s
ctl set_policy p "^q" "{\"expires\":1000}"
clock +999ms
a 1 does queue.declare queue=q1 passive
clock +1ms
a 1 > queue.declare queue=q2 passive
a 1 refused 404 "NOT_FOUND - no queue 'q2' in vhost '/'" queue.declare
ctl clear_policy p
clock +60s
a opens 1
a 1 does queue.declare queue=q1 passive

scene "Times so long that no time can be added to them are for ever"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="stays"
ctl set_policy p "^q" "{\"expires\":9223372036854775807,\"message-ttl\":9223372036854775807}"
clock +1s
a 1 does queue.declare queue=q passive => message_count=1

scene "max-length: the oldest go at once"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 5
a 1 > basic.publish routing_key=q body="$i"
end
ctl set_policy p "^q" "{\"max-length\":2}"
a 1 does queue.declare queue=q passive => message_count=2
a 1 > basic.publish routing_key=q body="6"
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok message_count=1 body="5"
ctl clear_policy p
a 1 > basic.publish routing_key=q body="7"
a 1 > basic.publish routing_key=q body="8"
a 1 does queue.declare queue=q passive => message_count=3

scene "max-length: a queue that is too long by thousands is cut over several turns"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 5000
a 1 > basic.publish routing_key=q body="$i"
end
a 1 does queue.declare queue=q passive => message_count=5000
ctl set_policy p "^q" "{\"max-length\":10}"
a 1 > basic.publish routing_key=q body="5001"
clock +1ms
a 1 does queue.declare queue=q passive => message_count=10
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok message_count=9 body="4992"

scene "max-length-bytes counts bodies"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="12345"
a 1 > basic.publish routing_key=q body="67890"
ctl set_policy p "^q" "{\"max-length-bytes\":9}"
a 1 does queue.declare queue=q passive => message_count=1

scene "overflow: a full queue refuses what is published, and does not any more"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 confirmed 1
ctl set_policy p "^q" "{\"max-length\":1,\"overflow\":\"reject-publish\"}"
a 1 > basic.publish routing_key=q body="2"
a 1 < basic.nack delivery_tag=2
ctl set_policy p "^q" "{\"max-length\":1}"
a 1 > basic.publish routing_key=q body="3"
a 1 confirmed 3
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="3"

scene "Dead letters: where to, and under which key"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=other
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 > basic.publish routing_key=q body="3"
ctl set_policy p "^q" "{\"dead-letter-exchange\":\"\",\"dead-letter-routing-key\":\"dead\"}"
a 1 > basic.get queue=q
a 1 < basic.get-ok body="1"
a 1 > basic.reject delivery_tag=1
a 1 does queue.declare queue=dead passive => message_count=1
ctl set_policy p "^q" "{\"dead-letter-exchange\":\"\",\"dead-letter-routing-key\":\"other\"}"
a 1 > basic.get queue=q
a 1 < basic.get-ok body="2"
a 1 > basic.reject delivery_tag=2
a 1 does queue.declare queue=other passive => message_count=1
ctl clear_policy p
a 1 > basic.get queue=q
a 1 < basic.get-ok body="3"
a 1 > basic.reject delivery_tag=3
a 1 does queue.declare queue=dead passive => message_count=1
a 1 does queue.declare queue=other passive => message_count=1

scene "delivery-limit is for quorum queues; a policy that has it is none for others"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum"}
a 1 does queue.declare queue=qc durable
ctl set_policy low "^q" "{\"max-length\":1}"
ctl set_policy high "^q" "{\"delivery-limit\":1}" --priority 5
ctl -s list_queues name policy => 0 "qc\tlow\n"
ctl -s list_queues name policy => 0 "q\thigh\n"
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.get queue=q
a 1 < basic.get-ok delivery_tag=1 redelivered=false
a 1 > basic.reject delivery_tag=1 requeue
a 1 > basic.get queue=q
a 1 < basic.get-ok delivery_tag=2 redelivered=true
a 1 > basic.reject delivery_tag=2 requeue
a 1 > basic.get queue=q
a 1 < basic.get-empty

scene "consumer-timeout: for what is delivered from then on; the smaller of the queue's and the policy's"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.declare queue=q2 arguments={x-consumer-timeout: 100000}
a 1 does queue.declare queue=q3
a 1 does basic.consume queue=q consumer_tag="c"
a 1 does basic.consume queue=q3 consumer_tag="own" arguments={x-consumer-timeout: 50000}
a 1 > basic.publish routing_key=q body="0"
a 1 < basic.deliver body="0"
ctl set_policy p "^q" "{\"consumer-timeout\":2000}"
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.deliver body="1" delivery_tag=2
a 1 does basic.consume queue=q2 consumer_tag="c2"
a 1 > basic.publish routing_key=q2 body="2"
a 1 < basic.deliver body="2"
a 1 > basic.publish routing_key=q3 body="3"
a 1 < basic.deliver body="3"
clock +1900ms
a 1 < nothing
clock +200ms
a 1 < basic.cancel consumer_tag="c"
a 1 < basic.cancel consumer_tag="c2"
clock +60s
a 1 < basic.cancel consumer_tag="own"

scene "alternate-exchange: for exchanges that have none of their own"
a connects
a opens 1
a 1 does exchange.declare exchange=ae type="fanout"
a 1 does queue.declare queue=lost
a 1 does queue.bind queue=lost exchange=ae
a 1 does exchange.declare exchange=x type="direct"
a 1 does exchange.declare exchange=y type="direct" arguments={alternate-exchange: "nowhere"}
ctl set_policy p "^(x|y|amq.direct)$" "{\"alternate-exchange\":\"ae\"}" --apply-to exchanges
a 1 > basic.publish exchange=x routing_key=k body="x" mandatory
a 1 > basic.publish exchange=amq.direct routing_key=k body="amq" mandatory
a 1 > basic.publish exchange=y routing_key=k body="y" mandatory
a 1 < basic.return exchange="y" reply_code=312
a 1 does queue.declare queue=lost passive => message_count=2
ctl clear_policy p
a 1 > basic.publish exchange=x routing_key=k body="x" mandatory
a 1 < basic.return exchange="x"

scene "unroutable: what no queue takes is nacked"
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="topic"
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key="k"
a 1 > basic.publish exchange=x routing_key=none
a 1 confirmed 1
ctl set_policy p "^x$" "{\"unroutable\":\"nack\"}" --apply-to exchanges
a 1 > basic.publish exchange=x routing_key=none
a 1 < basic.nack delivery_tag=2
a 1 > basic.publish exchange=x routing_key=none mandatory
a 1 < basic.return reply_code=312
a 1 < basic.nack delivery_tag=3
a 1 > basic.publish exchange=x routing_key=k
a 1 confirmed 4
a 1 > basic.publish exchange=amq.topic routing_key=none
a 1 confirmed 5
ctl set_policy p "^x$" "{\"unroutable\":\"nack\",\"alternate-exchange\":\"amq.fanout\"}"
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 > basic.publish exchange=x routing_key=none
a 1 confirmed 6
ctl clear_policy p
a 1 does queue.unbind queue=q exchange=amq.fanout
a 1 > basic.publish exchange=x routing_key=none
a 1 confirmed 7

scene "Of an argument and a policy the smaller number counts; for the rest the argument"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-max-length: 2, x-overflow: "reject-publish", x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
ctl set_policy p "^q" "{\"max-length\":9,\"overflow\":\"drop-head\",\"dead-letter-exchange\":\"none\",\"dead-letter-routing-key\":\"none\"}"
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 > basic.publish routing_key=q body="3"
a 1 confirmed 1..2
a 1 < basic.nack delivery_tag=3
a 1 > basic.get queue=q
a 1 < basic.get-ok body="1"
a 1 > basic.reject delivery_tag=1
a 1 does queue.declare queue=dead passive => message_count=1
ctl set_policy p "^q" "{\"max-length\":1}"
a 1 > basic.publish routing_key=q body="4"
a 1 < basic.nack delivery_tag=4
# declared again it is what it was declared to be
a 1 does queue.declare queue=q arguments={x-max-length: 2, x-overflow: "reject-publish", x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}

scene "The operator's policy comes over the users'"
a connects
a opens 1
a 1 does queue.declare queue=q
ctl set_policy p "^q" "{\"max-length\":5,\"overflow\":\"drop-head\",\"dead-letter-exchange\":\"x\"}" --priority 9
ctl set_operator_policy o "^q" "{\"max-length\":1,\"overflow\":\"reject-publish\"}"
ctl -s list_queues policy operator_policy effective_policy_definition => 0 "p\to\t[{<<\"dead-letter-exchange\">>, x}, {<<\"max-length\">>, 1}, {<<\"overflow\">>, reject-publish}]\n"
ctl -s list_queues policy_origins => 0 "[{<<\"dead-letter-exchange\">>, p}, {<<\"max-length\">>, o}, {<<\"overflow\">>, o}]\n"
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 confirmed 1
a 1 < basic.nack delivery_tag=2
ctl clear_operator_policy o
a 1 > basic.publish routing_key=q body="3"
a 1 confirmed 3
ctl -s list_queues operator_policy effective_policy_definition => 0 "\t[{<<\"dead-letter-exchange\">>, x}, {<<\"max-length\">>, 5}, {<<\"overflow\">>, drop-head}]\n"

scene "The highest priority counts alone, for what is there and what is declared later"
a connects
a opens 1
a 1 does queue.declare queue=q1
ctl set_policy a "^q" "{\"max-length\":1}" --priority 1
ctl set_policy b "^q" "{\"message-ttl\":0}" --priority 2
a 1 does queue.declare queue=q2
a 1 does queue.declare queue=other
ctl -s list_queues name policy => 0 "other\t\nq1\tb\nq2\tb\n"
a 1 > basic.publish routing_key=q2 body="gone"
clock +1ms
a 1 does queue.declare queue=q2 passive => message_count=0
ctl set_policy a "^q" "{\"max-length\":1}" --priority 3
ctl -s list_queues name policy => 0 "other\t\nq1\ta\nq2\ta\n"
ctl set_policy a "^other" "{\"max-length\":1}" --priority 3
ctl -s list_queues name policy => 0 "other\ta\nq1\tb\nq2\tb\n"
ctl set_policy a "^q" "{\"max-length\":1}" --priority 3 --apply-to exchanges
ctl -s list_queues name policy => 0 "other\t\nq1\tb\nq2\tb\n"

scene "A policy belongs to its virtual host, and goes with it"
broker durable
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
ctl set_policy -p red p ".*" "{\"max-length\":1}"
a connects
a opens 1
b connects vhost="red"
b opens 1
a 1 does queue.declare queue=q
b 1 does queue.declare queue=q
ctl -s list_queues policy => 0 "\n"
ctl -s list_queues -p red policy => 0 "p\n"
ctl delete_vhost red
b refused 320 ~"deleted" none
ctl add_vhost red
ctl -s list_policies -p red => 0 ""
ctl set_policy -p blue p "" "{\"max-length\":1}" => 65 "Virtual host 'blue' does not exist"
restart
ctl -s list_policies -p red => 0 ""

scene "An exclusive queue goes by policies like any other"
a connects
a opens 1
ctl set_policy p "^e" "{\"max-length\":1}"
a 1 does queue.declare queue=e exclusive
a 1 > basic.publish routing_key=e body="1"
a 1 > basic.publish routing_key=e body="2"
a 1 does queue.declare queue=e passive => message_count=1

scene "Policies survive, and what they made of queues"
broker durable
ctl set_policy p "^q" "{\"max-length\":1,\"dead-letter-exchange\":\"\",\"dead-letter-routing-key\":\"dead\"}" --priority -4 --apply-to classic_queues
ctl set_policy gone "^q" "{\"max-length\":1}"
ctl set_operator_policy o "\xff" "{\"expires\":5000}"
ctl set_policy x "^amq.direct$" "{\"alternate-exchange\":\"amq.fanout\"}"
ctl clear_policy gone
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=dead durable
a 1 does queue.bind queue=dead exchange=amq.fanout
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent body="1"
a 1 confirmed 1
blackout
ctl -s list_policies => 0 "/\tp\t^q\tclassic_queues\t{\"dead-letter-exchange\":\"\",\"dead-letter-routing-key\":\"dead\",\"max-length\":1}\t-4\n/\tx\t^amq.direct$\tall\t{\"alternate-exchange\":\"amq.fanout\"}\t0\n"
ctl -s list_operator_policies => 0 "\tall\t{\"expires\":5000}\t0\n"
a connects
a opens 1
a 1 > basic.publish routing_key=q persistent body="2"
a 1 > basic.publish routing_key=q persistent body="3"
a 1 > basic.publish exchange=amq.direct routing_key=k persistent body="4"
clock +10ms
a 1 does queue.declare queue=q passive => message_count=1
restart
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=1
ctl clear_policy p
ctl clear_policy x
killed
ctl -s list_policies => 0 ""
ctl -s list_queues name policy => 0 "q\t\n"

scene "What is no policy is refused, and changes nothing"
ctl set_policy p "^a" "{\"max-length\":5}"
ctl set_policy p "(" "{\"max-length\":5}" => 69 "Error:\nValidation failed\n\npattern should be regular expression but is invalid: {\"missing closing parenthesis\",1}\n"
ctl set_policy p "^a" "{max-length" => 69 "Error:\nCould not parse JSON document: {error,{failed_to_decode_json,<<\"{max-length\">>}}\n"
ctl set_policy p "^a" "[1,2]" => 69 "Error:\nValidation failed\n\ndefinition must be a dictionary: [1,2]\n"
ctl set_policy p "^a" "{}" => 69 "no policy provided"
ctl set_policy p "^a" "{\"foo\":1}" => 69 "[{<<\"foo\">>,1}] are not recognised policy settings"
ctl set_policy p "^a" "{\"max-length\":5}" --priority x => 64 "--priority : x"
ctl set_policy p "^a" "{\"max-length\":5}" --apply-to bogus => 69 "apply-to 'bogus' unrecognised"
ctl set_policy p "^a" => 64 "not enough arguments."
ctl set_operator_policy p "^a" "{\"dead-letter-exchange\":\"x\"}" => 69 "[{<<\"dead-letter-exchange\">>,<<\"x\">>}] are not recognised policy settings"
ctl clear_policy other => 69 "Error:\nParameter does not exist\n"
ctl clear_operator_policy p => 69 "Error:\nParameter does not exist\n"
ctl -s list_policies => 0 "/\tp\t^a\tall\t{\"max-length\":5}\t0\n"

scene "A pattern that would take for ever is given up"
a connects
a opens 1
ctl set_policy bomb "(a+)+[bc]" "{\"max-length\":1}"
a 1 does queue.declare queue=200*"a"
a 1 does queue.declare queue="ab"
ctl -s list_queues policy => 0 "\nbomb\n"
