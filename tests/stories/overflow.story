# Limits to the length of a queue, and what happens beyond them.

scene "x-max-length drops the oldest"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length: 3}
repeat 5
a 1 > basic.publish routing_key=q body="$i"
end
a 1 does queue.declare queue=q arguments={x-max-length: 3} => message_count=3
a 1 does basic.get queue=q no_ack => body="3" message_count=2
a 1 does basic.get queue=q no_ack => body="4"
a 1 does basic.get queue=q no_ack => body="5" message_count=0
a closes

scene "x-max-length-bytes counts bodies"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length-bytes: 10}
a 1 > basic.publish routing_key=q body="aaaa"
a 1 > basic.publish routing_key=q body="bbbb"
a 1 > basic.publish routing_key=q body="cc"
a 1 does queue.declare queue=q passive => message_count=3
a 1 > basic.publish routing_key=q body="d"
a 1 does queue.declare queue=q passive => message_count=3
a 1 does basic.get queue=q no_ack => body="bbbb"
a 1 > basic.publish routing_key=q body="longer than the limit"
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "A limit of zero keeps nothing, but a consumer that waits has it"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length: 0}
a 1 > basic.publish routing_key=q body="gone"
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 does basic.consume queue=q consumer_tag=c no_ack
a 1 > basic.publish routing_key=q body="here"
a 1 < basic.deliver body="here"
a closes

scene "What is unacked does not count"
a connects
a opens 1
a 1 does basic.qos prefetch_count=2
a 1 does queue.declare queue=q arguments={x-max-length: 2}
a 1 does basic.consume queue=q consumer_tag=c
repeat 6
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1" delivery_tag=1
a 1 < basic.deliver body="2"
a 1 does queue.declare queue=q passive => message_count=2
a 1 > basic.ack delivery_tag=2 multiple
a 1 < basic.deliver body="5"
a 1 < basic.deliver body="6"
a closes

scene "What comes back makes the oldest go"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length: 2}
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 does basic.get queue=q => delivery_tag=1
a 1 does basic.get queue=q => delivery_tag=2
a 1 > basic.publish routing_key=q body="3"
a 1 > basic.nack delivery_tag=2 multiple requeue
a 1 does queue.declare queue=q passive => message_count=2
a 1 does basic.get queue=q no_ack => body="2" redelivered=1
a 1 does basic.get queue=q no_ack => body="3"
a closes

scene "reject-publish: a nack to whoever wants confirms, silence to the others"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.ack delivery_tag=1 multiple=0
a 1 > basic.publish routing_key=q body="2"
a 1 < basic.nack delivery_tag=2 multiple=0 requeue=1
a 2 > basic.publish routing_key=q body="3"
a 2 does basic.get queue=q no_ack => body="1" message_count=0
a 1 > basic.publish routing_key=q body="4"
a 1 < basic.ack delivery_tag=3 multiple=0
a closes

scene "A limit of zero with reject-publish takes nothing, even with a consumer"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length: 0, x-overflow: "reject-publish"}
a 1 does basic.consume queue=q consumer_tag=c no_ack
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.nack delivery_tag=1
a closes

scene "Who consumes makes room before anything is refused"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 2 does basic.consume queue=q consumer_tag=c no_ack
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=q body="$i"
end
repeat 5
a 2 < basic.deliver body="$i"
end
a 1 confirmed 1..5
a closes

scene "Nacks come in their turn between acks, also while the disk is busy"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=full durable arguments={x-max-length: 0, x-overflow: "reject-publish"}
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=passing
a 1 does confirm.select
disk held
a 1 > basic.publish routing_key=q body="1" persistent
a 1 > basic.publish routing_key=passing body="2"
a 1 > basic.publish routing_key=full body="3" persistent
a 1 > basic.publish routing_key=passing body="4"
a 1 > basic.publish routing_key=q body="5" persistent
disk released
a 1 < basic.ack delivery_tag=2 multiple=0
a 1 < basic.ack delivery_tag=4 multiple=0
a 1 < basic.ack delivery_tag=1 multiple=0
a 1 < basic.nack delivery_tag=3 multiple=0
a 1 < basic.ack delivery_tag=5 multiple=1
a closes

scene "One of several queues refuses: a nack, and the others have it"
a connects
a opens 1
a 1 does queue.declare queue=full arguments={x-max-length: 0, x-overflow: "reject-publish"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=full exchange=amq.fanout
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 does confirm.select
a 1 > basic.publish exchange=amq.fanout body="x"
a 1 < basic.nack delivery_tag=1
a 1 does basic.get queue=q no_ack => body="x"
a closes

scene "What is dropped goes to the dead-letter exchange as maxlen"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-max-length: 1, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 does basic.get queue=dead no_ack => body="1" headers~{x-first-death-reason: "maxlen"}
a 1 does basic.get queue=q no_ack => body="2"
a closes

scene "reject-publish-dlx sends the newcomer there"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-max-length: 1, x-overflow: "reject-publish-dlx", x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 confirmed 1
a 1 > basic.publish routing_key=q body="2"
a 1 < basic.nack delivery_tag=2
a 1 does basic.get queue=dead no_ack => body="2" headers~{x-last-death-reason: "maxlen"}
a 1 does basic.get queue=q no_ack => body="1"
a closes

scene "Limits along a chain of dead letters"
a connects
a opens 1
a 1 does queue.declare queue=last arguments={x-max-length: 1}
a 1 does queue.declare queue=next arguments={x-max-length: 1, x-dead-letter-exchange: "", x-dead-letter-routing-key: "last"}
a 1 does queue.declare queue=q arguments={x-max-length: 1, x-dead-letter-exchange: "", x-dead-letter-routing-key: "next"}
repeat 4
a 1 > basic.publish routing_key=q body="$i"
end
a 1 does basic.get queue=q no_ack => body="4" message_count=0
a 1 does basic.get queue=next no_ack => body="3" message_count=0
a 1 does basic.get queue=last no_ack => body="2" message_count=0
a closes

scene "Limits hold in a transaction, and a refusal ends it"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-length: 1}
a 1 does queue.declare queue=full arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 does tx.select
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 does tx.commit
a 1 does basic.get queue=q no_ack => body="2" message_count=0
a 1 > basic.publish routing_key=full body="1"
a 1 > basic.publish routing_key=full body="2"
a 1 > tx.commit
a 1 refused 406 "PRECONDITION_FAILED - partial tx completion" tx.commit
a opens 1
a 1 does queue.declare queue=full passive => message_count=1
a closes

scene "What was dropped stays dropped"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-max-length: 2}
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=q body="$i" persistent
end
a 1 confirmed 1..5
clock +1s
blackout
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=2
a 1 does basic.get queue=q no_ack => body="4"
a 1 does basic.get queue=q no_ack => body="5"
a closes
