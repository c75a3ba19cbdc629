# Class queue.

scene "Declare says what is there"
a connects
a opens 1
a 1 does queue.declare queue=q => queue=q message_count=0 consumer_count=0
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 does queue.declare queue=q => queue=q message_count=2 consumer_count=0
a 1 does basic.get queue=q
a 1 does queue.declare queue=q passive => message_count=1
a 1 does basic.consume queue=q consumer_tag=t no_ack
a 1 < basic.deliver body="2"
a 1 does queue.declare queue=q passive => message_count=0 consumer_count=1
a 1 does basic.cancel consumer_tag=t
a 1 does queue.declare queue=q passive => message_count=0 consumer_count=0
a closes

scene "A name made by the server"
a connects
a opens 1
a 1 does queue.declare queue="" => queue~"amq.gen-"
a 1 does queue.declare queue="" exclusive => queue=$first
a 1 does queue.declare queue="" exclusive => queue=$second
a 1 does queue.bind queue="" exchange=amq.direct routing_key=k
a 1 > basic.publish exchange=amq.direct routing_key=k body="to the last one"
a 1 does queue.declare queue="$first" passive => message_count=0
a 1 does queue.declare queue="$second" passive => message_count=1
a closes

scene "The last queue's name stands in for an empty one, and for an empty key with it"
a connects
a opens 1
a 1 does queue.declare queue=last
a 1 does queue.bind queue="" exchange=amq.direct routing_key=""
a 1 > basic.publish exchange=amq.direct routing_key=last body="x"
a 1 does basic.get queue="" no_ack => body="x"
a 1 does basic.consume queue="" consumer_tag=t
a 1 does basic.cancel consumer_tag=t
a 1 does queue.purge queue=""
a 1 does queue.delete queue=""
a closes

scene "With an empty key and a name the key stays empty"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.direct routing_key=""
a 1 > basic.publish exchange=amq.direct routing_key="" body="x"
a 1 does basic.get queue=q no_ack => body="x"
a closes

scene "No queue was declared before"
a connects
a opens 1
a 1 > queue.bind queue="" exchange=amq.direct
a 1 refused 404 "NOT_FOUND - no previously declared queue" queue.bind
a opens 1
a 1 > basic.consume queue=""
a 1 refused 404 "NOT_FOUND - no previously declared queue" basic.consume
a opens 1
a 1 > queue.delete queue=""
a 1 refused 404 "NOT_FOUND - no previously declared queue" queue.delete
a closes

scene "Passive, and missing"
a connects
a opens 1
a 1 > queue.declare queue=q passive durable exclusive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "Passive ignores all else that is said"
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=q passive exclusive auto_delete arguments={x-max-length: 5} => queue=q
a closes

scene "A reserved name"
a connects
a opens 1
a 1 > queue.declare queue=amq.mine
a 1 refused 403 "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'" queue.declare
a closes

scene "Line feeds fall out of names"
a connects
a opens 1
a 1 does queue.declare queue="a\nb\r" => queue="ab"
a 1 > basic.publish routing_key=ab body="x"
a 1 does basic.get queue="a\nb" no_ack => body="x"
a closes

scene "A name of 255 bytes"
a connects
a opens 1
a 1 does queue.declare queue=255*"q" => queue=255*"q"
a 1 > basic.publish routing_key=255*"q" body="x"
a 1 does basic.get queue=255*"q" no_ack => body="x"
a closes

scene "Names that are missing make texts of 255 bytes at most"
a connects
a opens 1
a 1 > queue.declare queue=255*"q" passive
a 1 refused 404 "NOT_FOUND - no queue '"+230*"q"+"..." queue.declare
a opens 1
a 1 > queue.declare queue=126*"é" passive
a 1 refused 404 "NOT_FOUND - no queue '"+115*"é"+"..." queue.declare
a closes

scene "A name that is not UTF-8"
a connects
a opens 1
a 1 > queue.declare queue=hex:ff
a refused 501 "FRAME_ERROR - Malformed UTF-8 in shortstr" none

# ---- redeclaring ----

scene "Another durability"
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 > queue.declare queue=q
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'" queue.declare
a closes

scene "Another auto_delete"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.declare queue=q auto_delete
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue 'q' in vhost '/': received 'true' but current is 'false'" queue.declare
a closes

scene "An argument that was not there"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.declare queue=q arguments={x-message-ttl: 10}
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received the value '10' of type 'signedint' but current is none" queue.declare
a closes

scene "An argument that is missing"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length: l 7}
a 1 > queue.declare queue=q
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received none but current is the value '7' of type 'long'" queue.declare
a closes

scene "Numbers are equal whatever their width, and not to strings"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length: 10}
a 1 does queue.declare queue=q arguments={x-max-length: l 10}
a 1 does queue.declare queue=q arguments={x-max-length: b 10}
a 1 > queue.declare queue=q arguments={x-max-length: "10"}
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received '10' but current is '10'" queue.declare
a closes

scene "Arguments nobody knows are not compared, arrays and all"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-other: [1, "a", [2, {b: V}]]}
a 1 does queue.declare queue=q arguments={x-new: D 2/314}
a 1 does queue.declare queue=q
a closes

scene "A queue type that does not exist"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-queue-type: "nope"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '/': \"unsupported queue type 'nope'\"" queue.declare
a closes

# ---- exclusive ----

scene "Another connection's exclusive queue is locked, whatever is tried"
a connects
a opens 1
a 1 does queue.declare queue=q exclusive
b connects
b opens 1
b 1 > queue.declare queue=q exclusive
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration." queue.declare
b opens 1
b 1 > queue.declare queue=q
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" queue.declare
b opens 1
b 1 > queue.declare queue=q passive
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" queue.declare
b opens 1
b 1 > basic.consume queue=q
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" basic.consume
b opens 1
b 1 > basic.get queue=q
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" basic.get
b opens 1
b 1 > queue.purge queue=q
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" queue.purge
b opens 1
b 1 > queue.delete queue=q
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" queue.delete
b opens 1
b 1 > queue.bind queue=q exchange=amq.fanout
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" queue.bind
a 1 does queue.bind queue=q exchange=amq.fanout
b opens 1
b 1 does queue.unbind queue=q exchange=amq.direct
b 1 > queue.unbind queue=q exchange=amq.fanout
b 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" queue.unbind
a closes
b closes

scene "Anyone may publish to it"
a connects
a opens 1
a 1 does queue.declare queue=q exclusive
b connects
b opens 1
b 1 > basic.publish routing_key=q body="x" mandatory
b 1 < nothing
a 1 does basic.get queue=q no_ack => body="x"
a closes
b closes

scene "All channels of the owner share it"
a connects
a opens 1 2
a 1 does queue.declare queue=q exclusive
a 2 does queue.declare queue=q exclusive
a 2 does basic.consume queue=q consumer_tag=t
a 1 does channel.close
a 2 does queue.declare queue=q passive => consumer_count=1
a closes

scene "Exclusive against shared is a lock too, from either side"
a connects
a opens 1
a 1 does queue.declare queue=q exclusive
a 1 > queue.declare queue=q
a 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'…" queue.declare
a opens 1
a 1 does queue.declare queue=shared
a 1 > queue.declare queue=shared exclusive
a 1 refused 405 "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'shared' in vhost '/'…" queue.declare
a closes

scene "The lock beats the other differences"
a connects
a opens 1
a 1 does queue.declare queue=q exclusive
b connects
b opens 1
b 1 > queue.declare queue=q durable exclusive arguments={x-max-length: 1}
b 1 refused 405 "RESOURCE_LOCKED…" queue.declare
a closes
b closes

# ---- auto-delete ----

scene "An auto-delete queue goes with its last consumer, and not before it had one"
a connects
a opens 1
a 1 does queue.declare queue=q auto_delete
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 does queue.declare queue=q auto_delete => message_count=0
a closes

scene "It goes before cancel-ok is heard"
a connects
a opens 1
a 1 does queue.declare queue=q auto_delete
a 1 does basic.consume queue=q consumer_tag=one
a 1 does basic.consume queue=q consumer_tag=two
a 1 does basic.cancel consumer_tag=one
a 1 does queue.declare queue=q passive => consumer_count=1
a 1 does basic.cancel consumer_tag=two
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "It goes with the channel, and with the connection"
a connects
a opens 1 2
a 1 does queue.declare queue=q auto_delete
a 1 does basic.consume queue=q consumer_tag=t
a 1 does channel.close
a 2 > queue.declare queue=q passive
a 2 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
b connects
b opens 1
b 1 does queue.declare queue=r auto_delete
b 1 does basic.consume queue=r consumer_tag=t
b leaves
a opens 2
a 2 > queue.declare queue=r passive
a 2 refused 404 "NOT_FOUND - no queue 'r' in vhost '/'" queue.declare
a closes

# ---- bind ----

scene "Bind: either end may be missing"
a connects
a opens 1
a 1 > queue.bind queue=q exchange=amq.direct
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.bind
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.bind queue=q exchange=x
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" queue.bind
a opens 1
a 1 does queue.unbind queue=q exchange=x
a 1 does queue.unbind queue=none exchange=amq.direct
a 1 > queue.unbind queue=q
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" queue.unbind
a closes

# ---- purge, delete ----

scene "Purge takes what is ready, and says how much"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 5
a 1 > basic.publish routing_key=q body="$i"
end
a 1 does basic.get queue=q => delivery_tag=1 body="1"
a 1 does queue.purge queue=q => message_count=4
a 1 does queue.purge queue=q => message_count=0
a 1 > basic.nack delivery_tag=1 requeue
a 1 does basic.get queue=q no_ack => body="1" redelivered=1 message_count=0
a closes

scene "Purging what is missing"
a connects
a opens 1
a 1 > queue.purge queue=q
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.purge
a closes

scene "Delete says how much was ready; what is not there is as good as deleted"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 does basic.get queue=q
a 1 does queue.delete queue=q => message_count=1
a 1 does queue.delete queue=q => message_count=0
a 1 > basic.ack delivery_tag=1
a 1 < nothing
a closes

scene "Not while there are messages"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 > queue.delete queue=q if_empty
a 1 refused 406 "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty" queue.delete
a opens 1
a 1 does queue.purge queue=q
a 1 does queue.delete queue=q if_empty
a closes

scene "Not while there are consumers"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
a 1 > queue.delete queue=q if_unused
a 1 refused 406 "PRECONDITION_FAILED - queue 'q' in vhost '/' in use" queue.delete
a opens 1
a 1 does queue.delete queue=q if_unused
a closes

scene "Without an answer when none is wanted"
a connects
a opens 1
a 1 > queue.declare queue=q no_wait
a 1 > queue.bind queue=q exchange=amq.fanout no_wait
a 1 > basic.publish exchange=amq.fanout body="x"
a 1 > queue.purge queue=q no_wait
a 1 < nothing
a 1 does queue.declare queue=q passive => message_count=0
a 1 > queue.delete queue=q no_wait
a 1 < nothing
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "Consumers of a deleted queue are told, if they can hear it, and the channel lives on"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
b connects without=consumer_cancel_notify
b opens 1
b 1 does basic.consume queue=q consumer_tag=u
c connects
c opens 1
c 1 does queue.delete queue=q
a 1 < basic.cancel consumer_tag=t no_wait=1
a 1 > basic.cancel-ok consumer_tag=t
b 1 < nothing
a 1 does queue.declare queue=other
b 1 does queue.declare queue=other
a closes
b closes
c closes

scene "Who deletes a queue it consumes from is told first"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
a 1 > queue.delete queue=q
a 1 < basic.cancel consumer_tag=t no_wait=1
a 1 < queue.delete-ok message_count=0
a closes

scene "One that nothing is in for a while is as it was"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-max-priority:3}
ctl -s list_queues name messages_ready messages_unacknowledged message_bytes_ready consumers single_active_consumer_tag => 0 "q\t0\t0\t0\t0\t\n"
a 1 > basic.publish routing_key=q persistent body="one"
a 1 > basic.publish routing_key=q persistent body="two"
a 1 > basic.get queue=q
a 1 < basic.get-ok delivery_tag=1 redelivered=0 message_count=1 body="one"
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok delivery_tag=2 redelivered=0 message_count=0 body="two"
clock +5s
ctl -s list_queues name messages_ready messages_unacknowledged => 0 "q\t0\t1\n"
a 1 > basic.ack delivery_tag=1
clock +5s
ctl -s list_queues name messages_ready messages_unacknowledged message_bytes_ready consumers single_active_consumer_tag => 0 "q\t0\t0\t0\t0\t\n"
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 does queue.purge queue=q => message_count=0
a 1 does basic.consume queue=q consumer_tag=t no_ack
a 1 > basic.publish routing_key=q priority=1 body="low"
a 1 < basic.deliver consumer_tag=t redelivered=0 body="low"
a 1 does basic.cancel consumer_tag=t
clock +5s
a 1 > basic.publish routing_key=q priority=1 body="low"
a 1 > basic.publish routing_key=q priority=2 body="high"
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok message_count=1 body="high"
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok message_count=0 body="low"
clock +5s
restart
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=0
a 1 does queue.delete queue=q
a closes
