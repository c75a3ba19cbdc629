# Streams that keep the latest value of each key (x-compact-key).

scene "Of each key the latest value stays"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id"}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="a1" headers={id: "a"}
a 1 > basic.publish routing_key=s body="b1" headers={id: "b"}
a 1 > basic.publish routing_key=s body="a2" headers={id: "a"}
a 1 > basic.publish routing_key=s body="none"
a 1 > basic.publish routing_key=s body="a3" headers={id: "a"}
a 1 confirmed 1..5
a 1 does queue.declare queue=s durable passive => message_count=5
clock +9s
a 1 does queue.declare queue=s durable passive => message_count=5
clock +12s
a 1 does queue.declare queue=s durable passive => message_count=3
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="b1" headers={id: "b", x-stream-offset: l 1}
a 1 < basic.deliver body="none" headers={x-stream-offset: l 3}
a 1 < basic.deliver body="a3" headers={id: "a", x-stream-offset: l 4}
a 1 > basic.publish routing_key=s body="b2" headers={id: "b"}
a 1 < basic.deliver body="b2" headers={id: "b", x-stream-offset: l 5}
a 1 confirmed 6
blackout
a connects
a opens 1
a 1 does queue.declare queue=s durable passive => message_count=4
clock +21s
a 1 does queue.declare queue=s durable passive => message_count=3
a closes

scene "A tombstone goes when it is old enough, unless it is the newest, and after what it ends"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "1s", x-tombstone-age: "10s"}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="a1" headers={id: "a"}
a 1 > basic.publish routing_key=s body="b1" headers={id: "b"}
a 1 > basic.publish routing_key=s headers={id: "a"}
a 1 > basic.publish routing_key=s
a 1 > basic.publish routing_key=s headers={id: "b"}
a 1 confirmed 1..5
clock +3s
a 1 does queue.declare queue=s durable passive => message_count=3
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="" headers={id: "a", x-stream-offset: l 2}
a 1 < basic.deliver body="" headers={x-stream-offset: l 3}
a 1 < basic.deliver body="" headers={id: "b", x-stream-offset: l 4}
a 1 does basic.cancel consumer_tag=t
clock +6s
a 1 does queue.declare queue=s durable passive => message_count=3
clock +5s
a 1 does queue.declare queue=s durable passive => message_count=2
a 1 > basic.publish routing_key=s body="c1" headers={id: "c"}
a 1 confirmed 6
clock +3s
a 1 does queue.declare queue=s durable passive => message_count=2
blackout
a connects
a opens 1
a 1 does queue.declare queue=s durable passive => message_count=2
a closes

scene "A tombstone of no age does not go before what it ends"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "5s", x-tombstone-age: "0s"}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="a1" headers={id: "a"}
a 1 > basic.publish routing_key=s headers={id: "a"}
a 1 > basic.publish routing_key=s body="b1" headers={id: "b"}
a 1 confirmed 1..3
clock +6s
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="" headers={id: "a", x-stream-offset: l 1}
a 1 < basic.deliver body="b1"
clock +11s
a 1 does queue.declare queue=s durable passive => message_count=1
a closes

scene "The routing key may be it; where it is empty there is none"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "routing-key", x-compact-lag: "0s"}
a 1 does queue.bind queue=s exchange=amq.fanout
a 1 does confirm.select
repeat 3
a 1 > basic.publish exchange=amq.fanout routing_key=a body="a$i"
a 1 > basic.publish exchange=amq.fanout routing_key="" body="$i"
end
a 1 confirmed 1..6
clock +1s
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="2"
a 1 < basic.deliver routing_key="a" body="a3" headers={x-stream-offset: l 4}
a 1 < basic.deliver body="3"
a 1 < nothing
a closes

scene "A header has a type, and may be void"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "0s"}
a 1 does confirm.select
repeat 2
a 1 > basic.publish routing_key=s body="text" headers={id: "1"}
a 1 > basic.publish routing_key=s body="number" headers={id: 1}
a 1 > basic.publish routing_key=s body="void" headers={id: V}
end
a 1 confirmed 1..6
clock +1s
a 1 does queue.declare queue=s durable passive => message_count=4
a closes

scene "What is not durable replaces nothing"
broker durable
a connects
a opens 1
b connects
b opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "1s"}
a 1 does queue.declare queue=q durable
a 1 does tx.select
a 1 > basic.publish routing_key=s body="a1" headers={id: "a"}
a 1 does tx.commit
a 1 > basic.publish routing_key=s body="a2" headers={id: "a"}
clock +10s
a 1 does tx.rollback
clock +10s
disk held
a 1 > basic.publish routing_key=s body="a3" headers={id: "a"}
a 1 > basic.publish routing_key=q body="a3" persistent
a 1 > tx.commit
clock +10s
b 1 does basic.qos prefetch_count=10
b 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
b 1 < basic.deliver body="a1" headers={id: "a", x-stream-offset: l 0}
b 1 < nothing
blackout
a connects
a opens 1
a 1 does queue.declare queue=q durable passive => message_count=0
clock +10s
a 1 does queue.declare queue=s durable passive => message_count=1
a 1 > basic.publish routing_key=s body="a4" headers={id: "a"}
clock +3s
a 1 does queue.declare queue=s durable passive => message_count=1
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="a4" headers={id: "a", x-stream-offset: l 1}
a closes

scene "Who comes late gets one value of each key, and then misses nothing"
broker durable message_memory_bytes=100000 index_page_entries=16
a connects
a opens 1 2
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "1s"}
a 1 does confirm.select
repeat 300
a 1 > basic.publish routing_key=s body="$i" headers={id: "often"}
end
a 1 confirmed 1..300
a 1 > basic.publish routing_key=s body="once" headers={id: "once"}
repeat 300
a 1 > basic.publish routing_key=s body="$i" headers={id: "often"}
end
a 1 confirmed 301..601
clock +3s
a 1 does queue.declare queue=s durable passive => message_count=2
a 2 does basic.qos prefetch_count=1
a 2 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: 17}
a 2 < basic.deliver delivery_tag=1 body="once" headers={id: "once", x-stream-offset: l 300}
repeat 100
a 1 > basic.publish routing_key=s body="$i" headers={id: "often"}
end
a 1 confirmed 602..701
a 2 > basic.ack delivery_tag=1
a 2 < basic.deliver delivery_tag=2 body="300" headers={id: "often", x-stream-offset: l 600}
a 2 > basic.ack delivery_tag=2
repeat 10
a 2 < basic.deliver body="$i"
a 2 > basic.ack multiple
end
a 2 < basic.deliver delivery_tag=13 body="11"
clock +3s
a 2 > basic.ack delivery_tag=13
a 2 < basic.deliver body="100" headers={id: "often", x-stream-offset: l 700}
a closes

scene "An offset that is kept is one behind which something may be gone"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "0s"}
a 1 does basic.qos prefetch_count=10
a 1 does tx.select
a 1 > basic.publish routing_key=s body="a1" headers={id: "a"}
a 1 > basic.publish routing_key=s body="b1" headers={id: "b"}
a 1 does tx.commit
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "table"}
a 1 < basic.deliver body="a1"
a 1 < basic.deliver body="b1"
a 1 > basic.ack delivery_tag=1
a 1 > basic.publish routing_key=s body="b2" headers={id: "b"}
a 1 does tx.commit
a 1 < basic.deliver body="b2" headers={id: "b", x-stream-offset: l 2}
clock +1s
blackout
a connects
a opens 1
a 1 does queue.declare queue=s durable passive => message_count=2
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "table"}
a 1 < basic.deliver body="b2" headers={id: "b", x-stream-offset: l 2}
a closes

scene "More keys than may be are as good as none, and then tombstones stay"
broker durable stream_keys_max=2
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "0s", x-tombstone-age: "1s"}
a 1 does confirm.select
repeat 2
a 1 > basic.publish routing_key=s body="a$i" headers={id: "a"}
a 1 > basic.publish routing_key=s body="b$i" headers={id: "b"}
a 1 > basic.publish routing_key=s body="c$i" headers={id: "c"}
end
a 1 > basic.publish routing_key=s headers={id: "a"}
a 1 > basic.publish routing_key=s headers={id: "c"}
a 1 > basic.publish routing_key=s body="b3" headers={id: "b"}
a 1 confirmed 1..9
clock +10s
a 1 does queue.declare queue=s durable passive => message_count=5
a closes

scene "However many streams there are, their keys are found after a start"
broker durable
a connects
a opens 1
a 1 does confirm.select
repeat 40
a 1 does queue.declare queue="s$i" durable arguments={x-queue-type: "stream", x-compact-key: "header:id"}
end
repeat 40
a 1 > basic.publish routing_key="s$i" body="a1" headers={id: "a"}
a 1 > basic.publish routing_key="s$i" body="a2" headers={id: "a"}
end
a 1 confirmed 1..80
blackout
restart
disk held
a connects
killed
a connects
a opens 1
clock +15s
repeat 40
a 1 does queue.declare queue="s$i" durable passive => message_count=1
end
a closes

scene "It may go while its keys are found, and while others read"
broker durable message_memory_bytes=100000 index_page_entries=16
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "0s"}
a 1 does confirm.select
repeat 200
a 1 > basic.publish routing_key=s body_bytes=1000 headers={id: $i}
end
a 1 confirmed 1..200
restart
disk held
a connects
a opens 1
a 1 does basic.qos prefetch_count=3
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 > queue.delete queue=s
disk released
a 1 < basic.cancel consumer_tag=t
a 1 < queue.delete-ok
a closes

scene "It goes together with a limit, and with an age"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "0s", x-max-length-bytes: 6, x-max-age: "10s"}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="a1" headers={id: "a"}
a 1 > basic.publish routing_key=s body="b1" headers={id: "b"}
a 1 > basic.publish routing_key=s body="b2" headers={id: "b"}
a 1 confirmed 1..3
clock +1s
a 1 > basic.publish routing_key=s body="c1" headers={id: "c"}
a 1 > basic.publish routing_key=s body="d1" headers={id: "d"}
a 1 confirmed 4..5
clock +1s
a 1 does queue.declare queue=s durable passive => message_count=3
a 1 > basic.publish routing_key=s body="a2" headers={id: "a"}
a 1 confirmed 6
clock +1s
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="c1"
a 1 < basic.deliver body="d1"
a 1 < basic.deliver body="a2"
a 1 < nothing
clock +7s
a 1 does queue.declare queue=s durable passive => message_count=3
clock +2s
a 1 does queue.declare queue=s durable passive => message_count=1
a closes

scene "What its arguments may be"
broker durable
a connects
a opens 1
a 1 > queue.declare queue=s durable arguments={x-compact-key: "routing-key"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-compact-key' for queue 's' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "body"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-compact-key' for queue 's' in vhost '/': invalid_compact_key" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-compact-key' for queue 's' in vhost '/': invalid_compact_key" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-compact-key' for queue 's' in vhost '/': {unacceptable_type,signedint}" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "routing-key", x-compact-lag: "soon"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-compact-lag' for queue 's' in vhost '/': invalid_compact_lag" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "routing-key", x-tombstone-age: "1"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-tombstone-age' for queue 's' in vhost '/': invalid_tombstone_age" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-lag: "1s"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-compact-lag' for queue 's' in vhost '/': lag_but_no_compact_key_defined" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-tombstone-age: "1D"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-tombstone-age' for queue 's' in vhost '/': tombstone_age_but_no_compact_key_defined" queue.declare
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "routing-key", x-compact-lag: "1s", x-tombstone-age: "1D"}
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-compact-key: "header:id", x-compact-lag: "1s", x-tombstone-age: "1D"}
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-compact-key' for queue 's' in vhost '/': received 'header:id' but current is 'routing-key'" queue.declare
a closes
