# basic.qos, consume, cancel, deliver, get.

scene "Deliveries are numbered on the channel, with gets and unacknowledged ones"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 4
a 1 > basic.publish routing_key=q body="$i"
end
a 1 does basic.get queue=q => delivery_tag=1 redelivered=0 exchange="" routing_key=q message_count=3 body="1"
a 1 does basic.get queue=q no_ack => delivery_tag=2 message_count=2 body="2"
a 1 does basic.consume queue=q consumer_tag=t no_ack => consumer_tag=t
a 1 < basic.deliver consumer_tag=t delivery_tag=3 redelivered=0 exchange="" routing_key=q body="3"
a 1 < basic.deliver consumer_tag=t delivery_tag=4 body="4"
a closes

scene "Nothing to get"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.get queue=q
a 1 < basic.get-empty cluster_id=""
a closes

scene "The broker makes up a consumer tag"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q => consumer_tag=$tag
a 1 does basic.consume queue=q => consumer_tag~"amq.ctag-"
a 1 does basic.cancel consumer_tag="$tag" => consumer_tag="$tag"
a 1 does queue.declare queue=q passive => consumer_count=1
a closes

scene "consume-ok comes before the first message"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.consume queue=q consumer_tag=t
a 1 < basic.consume-ok consumer_tag=t
a 1 < basic.deliver body="x"
a closes

scene "Without an answer when none is wanted"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.consume queue=q consumer_tag=t no_wait no_ack
a 1 > basic.publish routing_key=q body="x"
a 1 < basic.deliver consumer_tag=t body="x"
a 1 > basic.cancel consumer_tag=t no_wait
a 1 < nothing
a 1 does queue.declare queue=q passive => consumer_count=0
a closes

scene "A queue that does not exist"
a connects
a opens 1
a 1 > basic.consume queue=q
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" basic.consume
a opens 1
a 1 > basic.get queue=q
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" basic.get
a closes

scene "A tag may be used once on a channel"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
a 2 does basic.consume queue=q consumer_tag=t
a 1 > basic.consume queue=q consumer_tag=t
a refused 530 "NOT_ALLOWED - attempt to reuse consumer tag 't'" basic.consume

scene "After a cancel the tag is free"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 3
a 1 does basic.consume queue=q consumer_tag=t
a 1 does basic.cancel consumer_tag=t
end
a closes

scene "A limit to consumers"
broker consumer_max_per_channel=2
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q
a 1 does basic.consume queue=q
a 2 does basic.consume queue=q
a 1 > basic.consume queue=q
a refused 530 "NOT_ALLOWED - reached maximum (2) of consumers per channel" basic.consume

scene "no_local is accepted and ignored"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t no_local no_ack
a 1 > basic.publish routing_key=q body="my own"
a 1 < basic.deliver body="my own"
a closes

# ---- exclusive consumers ----

scene "An exclusive consumer wants to be alone"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
a 2 > basic.consume queue=q exclusive
a 2 refused 403 "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use" basic.consume
a closes

scene "... and stays alone"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t exclusive
b connects
b opens 1
b 1 > basic.consume queue=q
b 1 refused 403 "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use" basic.consume
b opens 1
b 1 > basic.get queue=q
b 1 < basic.get-empty
a 1 does basic.cancel consumer_tag=t
b 1 does basic.consume queue=q exclusive
a closes
b closes

# ---- cancel ----

scene "After cancel-ok nothing is delivered, and what was stays to be acked"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=t
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 does basic.cancel consumer_tag=t => consumer_tag=t
a 1 > basic.ack delivery_tag=1
a 1 < nothing
a 1 does basic.get queue=q => delivery_tag=2 redelivered=0 body="2" message_count=0
a closes

scene "What a cancelled consumer held is not requeued"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver delivery_tag=1
a 1 does basic.cancel consumer_tag=t
a 1 does queue.declare queue=q passive => message_count=0
a 1 > basic.nack delivery_tag=1 requeue
a 1 does queue.declare queue=q passive => message_count=1
a closes

scene "Cancelling what does not consume is fine"
a connects
a opens 1
a 1 does basic.cancel consumer_tag=nobody => consumer_tag=nobody
a closes

# ---- prefetch, each consumer its own window ----

scene "A consumer holds as many as its window, and one more for each that it settles"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=2
a 1 does basic.consume queue=q consumer_tag=t
repeat 6
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 < basic.deliver delivery_tag=2 body="2"
a 1 < nothing
a 1 > basic.ack delivery_tag=1
a 1 < basic.deliver delivery_tag=3 body="3"
a 1 < nothing
a 1 > basic.nack delivery_tag=2
a 1 < basic.deliver delivery_tag=4 body="4"
a 1 > basic.reject delivery_tag=3
a 1 < basic.deliver delivery_tag=5 body="5"
a 1 < nothing
a 1 > basic.ack delivery_tag=5 multiple
a 1 < basic.deliver delivery_tag=6 body="6"
a closes

scene "A requeued message may come straight back"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=t
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.deliver delivery_tag=1 redelivered=0 body="1"
a 1 > basic.reject delivery_tag=1 requeue
a 1 < basic.deliver delivery_tag=2 redelivered=1 body="1"
a 1 < nothing
a closes

scene "The window is for consumers to come"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=free
a 1 does basic.qos prefetch_count=1
repeat 3
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver delivery_tag=1 consumer_tag=free
a 1 < basic.deliver delivery_tag=2 consumer_tag=free
a 1 < basic.deliver delivery_tag=3 consumer_tag=free
a closes

scene "Windows of consumers on one channel are their own"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=one
a 1 does basic.qos prefetch_count=2
a 1 does basic.consume queue=q consumer_tag=two
repeat 5
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver consumer_tag=one body="1"
a 1 < basic.deliver consumer_tag=two body="2"
a 1 < basic.deliver consumer_tag=two body="3"
a 1 < nothing
a 1 > basic.ack delivery_tag=1
a 1 < basic.deliver consumer_tag=one body="4"
a 1 < nothing
a closes

scene "What was got with basic.get does not count, nor give room"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 4
a 1 > basic.publish routing_key=q body="$i"
end
a 1 does basic.get queue=q => delivery_tag=1
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver delivery_tag=2 body="2"
a 1 > basic.ack delivery_tag=1
a 1 < nothing
a 1 > basic.ack delivery_tag=2
a 1 < basic.deliver delivery_tag=3 body="3"
a closes

scene "Zero is no limit, and no_ack knows none"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=t no_ack
repeat 3
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="2"
a 1 < basic.deliver body="3"
a 1 does basic.cancel consumer_tag=t
a 1 does basic.qos prefetch_count=0
a 1 does basic.consume queue=q consumer_tag=u
repeat 3
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="2"
a 1 < basic.deliver body="3"
a closes

scene "A size in bytes is not done"
a connects
a opens 1
a 1 > basic.qos prefetch_size=100
a refused 540 "NOT_IMPLEMENTED - prefetch_size!=0 (100)" basic.qos

# ---- prefetch, one window for the channel ----

scene "A global window is shared by the channel's consumers"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=2 global
a 1 does basic.consume queue=q consumer_tag=one
a 1 does basic.consume queue=q consumer_tag=two
repeat 5
a 2 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver delivery_tag=1 consumer_tag=one body="1"
a 1 < basic.deliver delivery_tag=2 consumer_tag=two body="2"
a 1 < nothing
a 1 > basic.ack delivery_tag=2
a 1 < basic.deliver delivery_tag=3 body="3"
a 1 < nothing
a closes

scene "Raising it lets more through, lowering it waits"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1 global
a 1 does basic.consume queue=q consumer_tag=t
repeat 6
a 2 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver delivery_tag=1
a 1 < nothing
a 1 does basic.qos prefetch_count=3 global
a 1 < basic.deliver delivery_tag=2
a 1 < basic.deliver delivery_tag=3
a 1 < nothing
a 1 does basic.qos prefetch_count=1 global
a 1 > basic.ack delivery_tag=1
a 1 > basic.ack delivery_tag=2
a 1 < nothing
a 1 > basic.ack delivery_tag=3
a 1 < basic.deliver delivery_tag=4
a 1 < nothing
a 1 does basic.qos prefetch_count=0 global
a 1 < basic.deliver delivery_tag=5
a 1 < basic.deliver delivery_tag=6
a closes

scene "Both windows hold at once"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=2
a 1 does basic.qos prefetch_count=3 global
a 1 does basic.consume queue=q consumer_tag=one
a 1 does basic.consume queue=q consumer_tag=two
repeat 6
a 2 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver consumer_tag=one
a 1 < basic.deliver consumer_tag=two
a 1 < basic.deliver consumer_tag=one
a 1 < nothing
a closes

scene "A window for consumers to come lifts that of the channel"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1 global
a 1 does basic.consume queue=q consumer_tag=one
repeat 3
a 2 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 1 < nothing
a 1 does basic.qos prefetch_count=5
a 1 < basic.deliver body="2"
a 1 < basic.deliver body="3"
a closes

scene "Other channels have windows of their own"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1 global
a 1 does basic.consume queue=q consumer_tag=t
a 2 does basic.consume queue=q consumer_tag=t
b connects
b opens 1
repeat 5
b 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 2 < basic.deliver body="2"
a 2 < basic.deliver body="3"
a 2 < basic.deliver body="4"
a 2 < basic.deliver body="5"
a 1 < nothing
a closes
b closes

# ---- turns ----

scene "Consumers take strict turns"
a connects
a opens 1 2 3
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=one no_ack
a 2 does basic.consume queue=q consumer_tag=two no_ack
b connects
b opens 1
b 1 does basic.consume queue=q consumer_tag=three no_ack
repeat 9
a 3 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 2 < basic.deliver body="2"
b 1 < basic.deliver body="3"
a 1 < basic.deliver body="4"
a 2 < basic.deliver body="5"
b 1 < basic.deliver body="6"
a 1 < basic.deliver body="7"
a 2 < basic.deliver body="8"
b 1 < basic.deliver body="9"
a closes
b closes

scene "Who has no room is passed over"
a connects
a opens 1 2 3
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=slow
a 2 does basic.consume queue=q consumer_tag=quick
repeat 4
a 3 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 2 < basic.deliver body="2"
a 2 < basic.deliver body="3"
a 2 < basic.deliver body="4"
a 1 < nothing
a closes

scene "A higher priority is served first, until it has no room"
a connects
a opens 1 2 3
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=low arguments={x-priority: -1}
a 2 does basic.qos prefetch_count=2
a 2 does basic.consume queue=q consumer_tag=high arguments={x-priority: 10}
repeat 4
a 3 > basic.publish routing_key=q body="$i"
end
a 2 < basic.deliver body="1"
a 2 < basic.deliver body="2"
a 1 < basic.deliver body="3"
a 1 < basic.deliver body="4"
a closes

scene "A priority is a whole number"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.consume queue=q arguments={x-priority: "high"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-priority'…" basic.consume
a closes

scene "A single active consumer: the others stand by, in order of age"
a connects
a opens 1 2 3
a 1 does queue.declare queue=q arguments={x-single-active-consumer: true}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=first
a 2 does basic.consume queue=q consumer_tag=second
a 3 does basic.consume queue=q consumer_tag=third
repeat 4
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver consumer_tag=first body="1" delivery_tag=1
a 2 < nothing
a 1 > basic.ack delivery_tag=1
a 1 < basic.deliver consumer_tag=first body="2"
a 1 does basic.cancel consumer_tag=first
a 2 < basic.deliver consumer_tag=second body="3"
a 2 < basic.deliver consumer_tag=second body="4"
a 3 < nothing
a 2 does channel.close
a 3 < basic.deliver consumer_tag=third body="3" redelivered=1
a 3 < basic.deliver consumer_tag=third body="4" redelivered=1
a closes

scene "After the single active consumer the highest priority comes"
a connects
a opens 1 2 3
a 1 does queue.declare queue=q arguments={x-single-active-consumer: true}
a 1 does basic.consume queue=q consumer_tag=first no_ack
a 2 does basic.consume queue=q consumer_tag=low no_ack
a 3 does basic.consume queue=q consumer_tag=high no_ack arguments={x-priority: 5}
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.deliver body="1"
a 1 does basic.cancel consumer_tag=first
a 1 > basic.publish routing_key=q body="2"
a 3 < basic.deliver body="2"
a closes

scene "A single active consumer is not exclusive"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-single-active-consumer: true}
a 1 > basic.consume queue=q consumer_tag=c exclusive
a 1 refused 403 "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use" basic.consume
a closes
