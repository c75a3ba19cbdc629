# Publisher confirms.

scene "Each publish is acked, counted from one"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=q body="$i"
end
a 1 confirmed 1..5
a 1 < nothing
a 1 does queue.declare queue=q passive => message_count=5
a closes

scene "A lone confirm is not multiple"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.ack delivery_tag=1 multiple=0
a 1 > basic.publish routing_key=q body="2"
a 1 < basic.ack delivery_tag=2 multiple=0
a closes

scene "What finds no queue is confirmed too"
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=nowhere body="x"
a 1 confirmed 1
a 1 > basic.publish exchange=amq.fanout body="x" persistent
a 1 confirmed 2
a closes

scene "What comes back comes before its confirm"
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=nowhere mandatory body="hello" persistent
a 1 < basic.return reply_code=312 reply_text="NO_ROUTE" body="hello" delivery_mode=2
a 1 confirmed 1
a closes

scene "What was published before select does not count, and selecting again changes nothing"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="not counted"
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 confirmed 1
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="2"
a 1 confirmed 2
a closes

scene "Without an answer when none is wanted"
a connects
a opens 1
a 1 > confirm.select no_wait
a 1 < nothing
a 1 > basic.publish routing_key=q body="1"
a 1 confirmed 1
a closes

scene "Channels count for themselves, and anew when opened anew"
a connects
a opens 1 2
a 1 does confirm.select
a 2 does confirm.select
a 1 > basic.publish routing_key=q body="x"
a 2 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
a 1 confirmed 1..2
a 2 confirmed 1
a 1 does channel.close
a opens 1
a 1 > basic.publish routing_key=q body="x"
a 1 < nothing
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="x"
a 1 confirmed 1
a closes

scene "A thousand at once"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does confirm.select
repeat 1000
a 1 > basic.publish routing_key=q body="$i"
end
a 1 confirmed 1..1000
a 1 < nothing
a closes

scene "Confirm or transactions, not both"
a connects
a opens 1
a 1 does confirm.select
a 1 > tx.select
a 1 refused 406 "PRECONDITION_FAILED - cannot switch from confirm to tx mode" tx.select
a opens 1
a 1 does tx.select
a 1 > confirm.select
a 1 refused 406 "PRECONDITION_FAILED - cannot switch from tx to confirm mode" confirm.select
a closes

# ---- a confirm means durable ----

scene "A persistent message in a durable queue is confirmed when it is on the disk, not before"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
disk held
a 1 > basic.publish routing_key=q persistent body="1"
a 1 < nothing
clock +10s
a 1 < nothing
disk released
a 1 confirmed 1
a closes

scene "What was confirmed is there after the power was gone"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
repeat 20
a 1 > basic.publish routing_key=q persistent body="$i"
end
a 1 confirmed 1..20
blackout
a connects
a opens 1
# nobody knows any more what had been read: all is marked
repeat 20
a 1 does basic.get queue=q no_ack => body="$i" redelivered=1 delivery_mode=2
end
a 1 > basic.get queue=q
a 1 < basic.get-empty
a closes

scene "What was not confirmed may be lost, and then it is"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent body="kept"
a 1 confirmed 1
disk held
a 1 > basic.publish routing_key=q persistent body="lost"
a 1 < nothing
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="kept" message_count=0
a closes

scene "Transient messages, and queues that do not last, wait for no disk"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=kept durable
a 1 does queue.declare queue=passing
a 1 does queue.declare queue=mine durable exclusive
a 1 does confirm.select
disk held
a 1 > basic.publish routing_key=kept body="transient"
a 1 confirmed 1
a 1 > basic.publish routing_key=passing persistent body="x"
a 1 confirmed 2
a 1 > basic.publish routing_key=mine persistent body="x"
a 1 confirmed 3
a 1 > basic.publish routing_key=nowhere persistent body="x"
a 1 confirmed 4
disk released
a closes

scene "A quick confirm may overtake a slow one, one by one"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=kept durable
a 1 does queue.declare queue=passing
a 1 does confirm.select
disk held
a 1 > basic.publish routing_key=passing body="1"
a 1 confirmed 1
a 1 > basic.publish routing_key=kept persistent body="2"
a 1 > basic.publish routing_key=passing body="3"
a 1 < basic.ack delivery_tag=3 multiple=0
a 1 > basic.publish routing_key=kept persistent body="4"
a 1 > basic.publish routing_key=passing body="5"
a 1 < basic.ack delivery_tag=5 multiple=0
a 1 < nothing
disk released
a 1 < basic.ack delivery_tag=2 multiple=0
a 1 < basic.ack delivery_tag=4
a 1 < nothing
a closes

scene "Consumed, rejected, purged or deleted before it was durable: confirmed all the same"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=r durable
a 1 does confirm.select
disk held
a 1 > basic.publish routing_key=q persistent body="1"
a 1 > basic.publish routing_key=q persistent body="2"
a 1 > basic.publish routing_key=q persistent body="3"
a 1 > basic.publish routing_key=r persistent body="4"
a 2 does basic.get queue=q => delivery_tag=1 body="1"
a 2 > basic.ack delivery_tag=1
a 2 does basic.get queue=q => delivery_tag=2 body="2"
a 2 > basic.reject delivery_tag=2
a 2 does queue.purge queue=q => message_count=1
a 2 > queue.delete queue=r
disk released
a 2 < queue.delete-ok message_count=1
a 1 confirmed 1..4
a closes

scene "To several queues: one copy each, one confirm"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=r durable
a 1 does queue.declare queue=s
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 does queue.bind queue=r exchange=amq.fanout
a 1 does queue.bind queue=s exchange=amq.fanout
a 1 does confirm.select
disk held
a 1 > basic.publish exchange=amq.fanout persistent body="x"
a 1 does basic.get queue=s no_ack => body="x"
a 1 < nothing
disk released
a 1 confirmed 1
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="x" exchange=amq.fanout
a 1 does basic.get queue=r no_ack => body="x" exchange=amq.fanout
a closes
