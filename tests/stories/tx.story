# Transactions.

scene "Published at commit, not before"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does tx.select
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 2 does queue.declare queue=q passive => message_count=0
a 1 does tx.commit
a 2 does queue.declare queue=q passive => message_count=2
a 2 does basic.get queue=q no_ack => body="1"
a 2 does basic.get queue=q no_ack => body="2"
a closes

scene "Rolled back is as if it never was"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does tx.select
a 1 > basic.publish routing_key=q body="1"
a 1 does tx.rollback
a 1 does tx.commit
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "Acks count at commit"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 2 > basic.publish routing_key=q body="1"
a 2 > basic.publish routing_key=q body="2"
a 1 does tx.select
a 1 does basic.get queue=q => delivery_tag=1 body="1"
a 1 does basic.get queue=q => delivery_tag=2 body="2"
a 1 > basic.ack delivery_tag=1
a 1 does tx.commit
a 1 > basic.ack delivery_tag=2
a 1 does channel.close
a 2 does basic.get queue=q no_ack => body="2" redelivered=1 message_count=0
a closes

scene "A rolled back ack may be made again, and nothing is redelivered"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 does tx.select
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 does tx.rollback
a 1 < nothing
a 1 > basic.ack delivery_tag=1
a 1 does tx.commit
a 1 does basic.cancel consumer_tag=t
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "Reject and nack count at commit too"
a connects
a opens 1 2
a 1 does queue.declare queue=q
repeat 3
a 2 > basic.publish routing_key=q body="$i"
end
a 1 does tx.select
repeat 3
a 1 does basic.get queue=q => delivery_tag=$i
end
a 1 > basic.reject delivery_tag=1 requeue
a 1 > basic.nack delivery_tag=3 multiple requeue
a 2 does queue.declare queue=q passive => message_count=0
a 1 does tx.commit
a 2 does basic.get queue=q no_ack => body="1" redelivered=1
a 2 does basic.get queue=q no_ack => body="2" redelivered=1
a 2 does basic.get queue=q no_ack => body="3" redelivered=1
a closes

scene "The window opens at commit"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does tx.select
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=t
a 2 > basic.publish routing_key=q body="1"
a 2 > basic.publish routing_key=q body="2"
a 1 < basic.deliver delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 < nothing
a 1 > tx.commit
a 1 < tx.commit-ok
a 1 < basic.deliver delivery_tag=2
a closes

scene "A tag that was never given is refused at once"
a connects
a opens 1
a 1 does tx.select
a 1 > basic.ack delivery_tag=5
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 5" basic.ack
a closes

scene "A tag that was acked in this transaction is no longer there"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 does tx.select
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 1" basic.ack
a closes

scene "A missing exchange is refused at once"
a connects
a opens 1
a 1 does tx.select
a 1 > basic.publish exchange=x body="1"
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" basic.publish
a closes

scene "Returns come at commit, before its answer"
a connects
a opens 1
a 1 does tx.select
a 1 > basic.publish routing_key=nowhere mandatory body="1"
a 1 > basic.publish routing_key=nowhere mandatory body="2"
a 1 < nothing
a 1 > tx.commit
a 1 < basic.return body="1"
a 1 < basic.return body="2"
a 1 < tx.commit-ok
a closes

scene "Closing drops what was published and returns what was acked"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 2 > basic.publish routing_key=q body="1"
a 1 does tx.select
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 > basic.publish routing_key=q body="2"
a 1 does channel.close
a 2 does basic.get queue=q no_ack => body="1" redelivered=1 message_count=0
a closes

scene "So does losing the connection"
a connects
a opens 1
b connects
b opens 1
b 1 does queue.declare queue=q
b 1 > basic.publish routing_key=q body="1"
a 1 does tx.select
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 > basic.publish routing_key=q body="2"
a leaves
b 1 does basic.get queue=q no_ack => body="1" redelivered=1 message_count=0
b closes

scene "The queue may go before the commit"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does tx.select
a 1 > basic.publish routing_key=q body="1"
a 2 does queue.delete queue=q
a 1 does tx.commit
a closes

scene "Commit and rollback want a transaction"
a connects
a opens 1
a 1 > tx.commit
a 1 refused 406 "PRECONDITION_FAILED - channel is not transactional" tx.commit
a opens 1
a 1 > tx.rollback
a 1 refused 406 "PRECONDITION_FAILED - channel is not transactional" tx.rollback
a closes

scene "commit-ok waits for the disk"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does tx.select
disk held
a 1 > basic.publish routing_key=q persistent body="1"
a 1 > basic.publish routing_key=q persistent body="2"
a 1 > tx.commit
a 1 < nothing
disk released
a 1 < tx.commit-ok
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="1"
a 1 does basic.get queue=q no_ack => body="2" message_count=0
a closes

scene "A committed ack is durable"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent body="1"
a 1 > basic.publish routing_key=q persistent body="2"
a 1 confirmed 1..2
a opens 2
a 2 does tx.select
a 2 does basic.get queue=q => delivery_tag=1
a 2 > basic.ack delivery_tag=1
a 2 does tx.commit
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="2" message_count=0
a closes

scene "Without a commit nothing of it is there after the power was gone"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does tx.select
a 1 > basic.publish routing_key=q persistent body="1"
blackout
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "A commit that acks makes room in the window"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=q durable
a 2 > basic.publish routing_key=q body="1" persistent
a 2 > basic.publish routing_key=q body="2" persistent
a 2 > basic.publish routing_key=q body="3" persistent
a 1 does basic.qos prefetch_count=1
a 1 does tx.select
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 > basic.publish routing_key=q body="4" persistent
a 1 > basic.ack delivery_tag=1
disk held
a 1 > tx.commit
a 1 < nothing
disk released
a 1 < tx.commit-ok
a 1 < basic.deliver delivery_tag=2 body="2"
a closes
