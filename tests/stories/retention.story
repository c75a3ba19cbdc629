# Queues that retain their messages (x-retain-ms, x-retain-bytes): who says where to begin reads what
# was in them, and takes nothing.

scene "What was acked is read again, and the queue does not notice"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="one" persistent
a 1 > basic.publish routing_key=q body="two" persistent headers={h: 1}
a 1 confirmed 1..2
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="one" headers=absent
a 1 does queue.declare queue=q durable passive => message_count=1
a 2 does basic.qos prefetch_count=10
a 2 does basic.consume queue=q consumer_tag=r arguments={x-stream-offset: "first"}
a 2 < basic.deliver consumer_tag=r redelivered=0 routing_key=q body="one" headers={x-stream-offset: l 0}
a 2 < basic.deliver body="two" headers={h: 1, x-stream-offset: l 1}
a 2 > basic.ack delivery_tag=2 multiple
a 1 does queue.declare queue=q durable passive => message_count=1 consumer_count=0
a 1 does basic.consume queue=q consumer_tag=c no_ack
a 1 < basic.deliver consumer_tag=c body="two" headers={h: 1}
a 1 > basic.publish routing_key=q body="three" persistent
a 1 < basic.deliver consumer_tag=c body="three"
a 1 confirmed 3
a 2 < basic.deliver consumer_tag=r body="three" headers={x-stream-offset: l 2}
a 1 < nothing
a 2 < nothing
a closes

scene "Offsets are as those of streams"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-bytes: 1000}
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=q body="$i" persistent
clock +1s
end
a 1 confirmed 1..5
a 1 does queue.purge queue=q => message_count=5
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=last arguments={x-stream-offset: "last"}
a 1 < basic.deliver consumer_tag=last body="5" headers={x-stream-offset: l 4}
a 1 does basic.consume queue=q consumer_tag=number arguments={x-stream-offset: 3}
a 1 < basic.deliver consumer_tag=number body="4"
a 1 < basic.deliver consumer_tag=number body="5"
a 1 does basic.consume queue=q consumer_tag=interval arguments={x-stream-offset: "1s"}
a 1 < basic.deliver consumer_tag=interval body="5"
a 1 does basic.consume queue=q consumer_tag=time arguments={x-stream-offset: T 9999999999}
a 1 does basic.consume queue=q consumer_tag=next arguments={x-stream-offset: "next"}
a 1 < nothing
a 1 does basic.cancel consumer_tag=number
a 1 does basic.consume queue=q consumer_tag=named arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
repeat 5
a 1 < basic.deliver consumer_tag=named body="$i"
end
a 1 > basic.ack delivery_tag=6
a 1 > basic.ack delivery_tag=5
a 1 does basic.cancel consumer_tag=named
a 1 does basic.consume queue=q consumer_tag=named arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver consumer_tag=named body="3"
a 1 < basic.deliver consumer_tag=named body="4"
a 1 < basic.deliver consumer_tag=named body="5"
restart
a connects
a opens 1
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=named arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver consumer_tag=named body="3"
a 1 does basic.cancel consumer_tag=named
a 1 does queue.delete queue=q => message_count=0
a 1 does queue.declare queue=q durable arguments={x-retain-bytes: 1000}
a 1 > basic.publish routing_key=q body="new" persistent
a 1 does basic.consume queue=q consumer_tag=named arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver consumer_tag=named body="new"
a closes

scene "Filters, and what a reader has to have"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="red" persistent headers={x-stream-filter-value: "red"}
a 1 > basic.publish routing_key=q body="blue" persistent headers={x-stream-filter-value: "blue"}
a 1 confirmed 1..2
a 1 > basic.consume queue=q arguments={x-stream-offset: "first"}
a 1 refused 406 "PRECONDITION_FAILED - consumer prefetch count is not set for stream queue 'q' in vhost '/'" basic.consume
a opens 1
a 1 does basic.qos prefetch_count=10
a 1 > basic.consume queue=q arguments={x-stream-offset: "yesterday"}
a 1 refused 406 "PRECONDITION_FAILED - failed consuming from stream queue 'q' in vhost '/': invalid_max_age" basic.consume
a opens 1
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=t arguments={x-stream-offset: "first", x-stream-filter: "blue"}
a 1 < basic.deliver body="blue" headers={x-stream-filter-value: "blue", x-stream-offset: l 1}
a 1 < nothing
a closes

scene "No more bytes stay than it says, and nothing older, but the newest message does"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=q durable arguments={x-retain-bytes: 10, x-retain-ms: 5000}
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=q body="0123" persistent
end
a 1 confirmed 1..5
a 1 does queue.declare queue=q durable passive => message_count=5
ctl list_queues name messages messages_retained message_bytes_retained first_offset next_offset --silent => 0 "q	5	2	8	3	5"
clock +5s
ctl list_queues messages_retained first_offset --silent => 0 "1	4"
a 1 does queue.declare queue=q durable passive => message_count=5
a 1 > basic.publish routing_key=q body="4567" persistent
a 1 > basic.publish routing_key=q body="89" persistent
a 1 confirmed 6..7
ctl list_queues messages_retained first_offset --silent => 0 "2	5"
ctl set_policy p q "{\"retain-bytes\":4}"
ctl list_queues messages_retained first_offset --silent => 0 "1	6"
a 1 > basic.publish routing_key=q body="01" persistent
a 1 > basic.publish routing_key=q body="2" persistent
a 1 confirmed 8..9
ctl list_queues messages_retained first_offset --silent => 0 "2	7"
ctl clear_policy p
a 1 > basic.publish routing_key=q body="3456" persistent
a 1 confirmed 10
ctl list_queues messages_retained first_offset --silent => 0 "3	7"
a closes

scene "What is not to last is not retained, and a queue without the arguments retains nothing"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does queue.declare queue=plain durable
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="passing"
a 1 > basic.publish routing_key=q body="lasting" persistent
a 1 > basic.publish routing_key=plain body="plain" persistent
a 1 confirmed 1..3
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="lasting" headers={x-stream-offset: l 0}
a 1 < nothing
a 1 does basic.consume queue=plain consumer_tag=p arguments={x-stream-offset: "first"}
a 1 < basic.deliver consumer_tag=p body="plain" headers=absent
a 1 > basic.ack delivery_tag=2
a 1 does queue.declare queue=plain durable passive => message_count=0
a closes

scene "It is there after a restart, a kill and a loss of power"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="one" persistent
a 1 > basic.publish routing_key=q body="two" persistent
a 1 confirmed 1..2
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="one"
restart
a connects
a opens 1
a 1 does queue.declare queue=q durable passive => message_count=1
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="three" persistent
a 1 confirmed 1
killed
a connects
a opens 1
a 1 does queue.declare queue=q durable passive => message_count=2
a 1 does queue.purge queue=q => message_count=2
a 1 does queue.declare queue=q durable passive => message_count=0
blackout
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="one" headers={x-stream-offset: l 0}
a 1 < basic.deliver body="two" headers={x-stream-offset: l 1}
a 1 < basic.deliver body="three" headers={x-stream-offset: l 2}
a 1 < nothing
a closes

scene "Dead letters, delayed messages and transactions are retained where they come"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 600000}
a 1 does queue.declare queue=dying durable arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "q"}
a 1 does exchange.declare exchange=later type=x-delayed-message durable arguments={x-delayed-type: "fanout"}
a 1 does queue.bind queue=q exchange=later
a 1 > basic.publish routing_key=dying body="dead" persistent
a 1 does basic.consume queue=dying consumer_tag=d
a 1 < basic.deliver delivery_tag=1 body="dead"
a 1 > basic.reject delivery_tag=1
a 1 > basic.publish exchange=later body="late" persistent headers={x-delay: 1000}
clock +1s
a 2 does tx.select
a 2 > basic.publish routing_key=q body="committed" persistent
a 2 does tx.commit
a 2 > basic.publish routing_key=q body="rolled back" persistent
a 2 does tx.rollback
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver consumer_tag=t body="dead"
a 1 < basic.deliver consumer_tag=t body="late"
a 1 < basic.deliver consumer_tag=t body="committed" headers={x-stream-offset: l 2}
a 1 < nothing
a closes

scene "It goes with its queue, and its readers are told"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="one" persistent
a 1 confirmed 1
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="one"
a 1 > queue.delete queue=q
a 1 < basic.cancel consumer_tag=t
a 1 < queue.delete-ok message_count=1
a 1 > basic.ack delivery_tag=1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000} => message_count=0
a 1 does basic.consume queue=q consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < nothing
a 1 > basic.publish routing_key=q body="two" persistent
a 1 < basic.deliver body="two" headers={x-stream-offset: l 0}
a 1 confirmed 2
a closes

scene "What is refused"
broker durable
a connects
a opens 1
a 1 > queue.declare queue=q durable arguments={x-retain-ms: "1D"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-retain-ms' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-retain-ms: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-retain-ms' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-retain-ms: l 315360000001}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-retain-ms' for queue 'q' in vhost '/': {value_too_large,315360000001}" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-retain-bytes: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-retain-bytes' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-queue-type: "stream", x-retain-bytes: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-retain-bytes' for queue 'q' in vhost '/' of queue type rabbit_stream_queue" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-retain-ms: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-retain-ms' for queue 'q' in vhost '/': transient_queues_retain_nothing" queue.declare
a opens 1
a 1 > queue.declare queue=q durable exclusive arguments={x-retain-bytes: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-retain-bytes' for queue 'q' in vhost '/': exclusive_queues_retain_nothing" queue.declare
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-retain-ms: 1000, x-retain-bytes: 1000}
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-retain-bytes: l 1000, x-retain-ms: 1000}
a 1 > queue.declare queue=q durable arguments={x-queue-type: "quorum", x-retain-ms: 1000}
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-retain-bytes' for queue 'q' in vhost '/': received none but current is the value '1000' of type 'signedint'" queue.declare
a closes

scene "A range is put back, in order and behind what is there"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=q body="$i" persistent headers={n: $i}
end
a 1 confirmed 1..5
repeat 4
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="$i"
end
ctl replay q 1 2 => 0 "Replayed 2 messages"
a 1 does queue.declare queue=q durable passive => message_count=3
ctl replay q last last => 0 "Replayed 1 messages"
a 1 > basic.publish routing_key=q body="6" persistent
a 1 confirmed 6
ctl list_queues messages messages_retained first_offset next_offset --silent => 0 "5	6	0	6"
blackout
a connects
a opens 1
a 1 does queue.declare queue=q durable passive => message_count=5
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=c
a 1 < basic.deliver body="5" redelivered=1
a 1 < basic.deliver body="2" headers={n: 2} redelivered=1
a 1 < basic.deliver body="3"
a 1 < basic.deliver body="5"
a 1 < basic.deliver body="6"
a 1 > basic.ack delivery_tag=5 multiple
a 1 does queue.declare queue=q durable passive => message_count=0
ctl replay q first last => 0 "Replayed 6 messages"
repeat 6
a 1 < basic.deliver body="$i"
end
a 1 < nothing
killed
a connects
a opens 1
a 1 does queue.declare queue=q durable passive => message_count=6
a 1 does queue.purge queue=q => message_count=6
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=r arguments={x-stream-offset: "first"}
repeat 6
a 1 < basic.deliver body="$i" redelivered=0
end
a 1 < nothing
a closes

scene "What has expired meanwhile is not put back"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000, x-message-ttl: 10000}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="old" persistent
clock +5s
a 1 > basic.publish routing_key=q body="short" persistent expiration="1000"
a 1 > basic.publish routing_key=q body="new" persistent
a 1 confirmed 1..3
clock +6s
a 1 does queue.purge queue=q => message_count=1
ctl replay q first last => 0 "Replayed 1 messages\n2 others would have expired at once"
a 1 > basic.get queue=q
a 1 < basic.get-ok body="new"
a 1 > basic.ack delivery_tag=1
a closes

scene "What is put back counts as what is published"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000, x-max-length: 2}
a 1 does queue.declare queue=r durable arguments={x-retain-ms: 60000, x-max-length: 2, x-overflow: "reject-publish"}
a 1 does queue.declare queue=p durable arguments={x-retain-ms: 60000, x-max-priority: 5}
a 1 does confirm.select
repeat 3
a 1 > basic.publish routing_key=q body="$i" persistent
end
a 1 > basic.publish routing_key=r body="1" persistent
a 1 > basic.publish routing_key=r body="2" persistent
a 1 > basic.publish routing_key=p body="low" persistent priority=1
a 1 > basic.publish routing_key=p body="high" persistent priority=4
a 1 confirmed 1..7
ctl replay q 0 0 => 0 "Replayed 1 messages"
a 1 does queue.declare queue=q durable passive => message_count=2
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="3"
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="1"
ctl replay r 0 0 => 65 "nothing was put back: the queue has no room for these messages, and refuses what is too much"
a 1 does queue.declare queue=r durable passive => message_count=2
a 1 does queue.purge queue=p
ctl replay p first last
a 1 > basic.get queue=p no_ack
a 1 < basic.get-ok body="high"
a closes

scene "What is not put back"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=plain durable
a 1 does queue.declare queue=q durable arguments={x-retain-bytes: 4}
ctl replay missing 0 1 => 65 "no queue 'missing' in vhost '/'"
ctl replay plain 0 1 => 65 "queue 'plain' in vhost '/' retains no messages"
ctl replay q first last => 65 "nothing is retained of queue 'q' in vhost '/'"
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=q body="12" persistent
end
a 1 confirmed 1..5
ctl replay q 2 4 => 65 "offsets 3 to 4 are retained of queue 'q' in vhost '/'"
ctl replay q 3 5 => 65 "offsets 3 to 4 are retained of queue 'q' in vhost '/'"
ctl replay q 4 3 => 65 "offsets 3 to 4 are retained of queue 'q' in vhost '/'"
ctl replay q next last => 64 "Bad argument. An offset is a number, first, or last."
ctl replay q 3 4 => 0 "Replayed 2 messages"
a closes

scene "What others have still goes along, large bodies too"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does queue.declare queue=beside durable
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 does queue.bind queue=beside exchange=amq.fanout
a 1 does confirm.select
a 1 > basic.publish exchange=amq.fanout body_bytes=700000 persistent
a 1 > basic.publish exchange=amq.fanout body="small" persistent
a 1 confirmed 1..2
repeat 3
ctl replay q first last => 0 "Replayed 2 messages"
end
a 1 does queue.purge queue=q => message_count=8
ctl replay q 0 0 => 0 "Replayed 1 messages"
blackout
a connects
a opens 1
a 1 > basic.get queue=beside no_ack
a 1 < basic.get-ok body_bytes=700000
a 1 > basic.get queue=beside no_ack
a 1 < basic.get-ok body="small"
a 1 > basic.get queue=q
a 1 < basic.get-ok body_bytes=700000
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=q consumer_tag=r arguments={x-stream-offset: "first"}
a 1 < basic.deliver body_bytes=700000
a 1 < basic.deliver body="small"
a closes

scene "One replay has its limits"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 60000}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body_bytes=9000000 persistent
a 1 > basic.publish routing_key=q body_bytes=9000000 persistent
a 1 confirmed 1..2
ctl replay q 0 1 => 65 "nothing was put back: one replay is of 16 MB at most"
ctl replay q 1 1 => 0 "Replayed 1 messages"
a 1 does queue.declare queue=q durable passive => message_count=3
a closes

scene "What is retained counts for the bytes of a virtual host"
broker durable
ctl set_vhost_limits "{\"max-bytes\": 1000}"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-retain-ms: 5000}
a 1 > basic.publish routing_key=q body_bytes=400 persistent
a 1 does basic.get queue=q no_ack => body_bytes=400
a 1 > basic.publish routing_key=q body_bytes=400 persistent
a 1 > basic.publish routing_key=q body_bytes=1 persistent
a < connection.blocked reason="byte limit for vhost '/'"
clock +5s
clock +1s
a < connection.unblocked
a closes
