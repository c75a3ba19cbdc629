# Publishers that number what they send: x-publisher-id and x-publisher-sequence.

scene "A number is accepted once by a queue; what comes again is confirmed and dropped"
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 1} body="1"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 1} body="again"
a 1 > basic.publish routing_key=q mandatory headers={x-publisher-id: "p", x-publisher-sequence: 1} body="again"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 5} body="5"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 4} body="late"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "other", x-publisher-sequence: 1} body="other"
a 1 > basic.publish routing_key=q body="without"
a 1 > basic.publish routing_key=q body="without"
a 1 confirmed 1..8
a 1 does basic.get queue=q no_ack => body="1" message_count=4 headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 does basic.get queue=q no_ack => body="5"
a 1 does basic.get queue=q no_ack => body="other"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 5} body="again, though it is gone"
a 1 confirmed 9
a 1 does queue.declare queue=q passive => message_count=2
a closes

scene "Numbers that nobody reads as such: one header alone is the publisher's own business"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p"}
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p"}
a 1 > basic.publish routing_key=q headers={x-publisher-id: 7}
a 1 > basic.publish routing_key=q headers={x-publisher-sequence: 1}
a 1 > basic.publish routing_key=q headers={x-publisher-sequence: "one"}
a 1 does queue.declare queue=q passive => message_count=5
a closes

scene "Numbers that make no sense are refused"
a connects
a opens 1
a 1 > basic.publish headers={x-publisher-id: 7, x-publisher-sequence: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"x-publisher-id\",signedint}" basic.publish
a opens 1
a 1 > basic.publish headers={x-publisher-id: "p", x-publisher-sequence: "1"}
a 1 refused 406 "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"x-publisher-sequence\",longstr}" basic.publish
a opens 1
a 1 > basic.publish headers={x-publisher-id: "", x-publisher-sequence: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid message: x-publisher-id has to have 1 to 255 bytes" basic.publish
a opens 1
a 1 > basic.publish headers={x-publisher-id: "p", x-publisher-sequence: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid message: x-publisher-sequence is negative" basic.publish
a closes

scene "Each queue counts for itself: one that had not got it gets it when it comes again"
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 > basic.publish exchange=amq.fanout headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 confirmed 1
a 1 does queue.declare queue=r
a 1 does queue.bind queue=r exchange=amq.fanout
a 1 > basic.publish exchange=amq.fanout headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 > basic.publish exchange=amq.fanout headers={x-publisher-id: "p", x-publisher-sequence: 2}
a 1 confirmed 2..3
a 1 does queue.declare queue=q passive => message_count=2
a 1 does queue.declare queue=r passive => message_count=2
a closes

scene "What no queue took may come again"
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=q mandatory headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 < basic.return reply_code=312
a 1 confirmed 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q mandatory headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 confirmed 2
a 1 does queue.declare queue=q passive => message_count=1
a closes

scene "What a full queue refused may come again, whatever came after it"
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q arguments={x-max-length: 2, x-overflow: "reject-publish"}
repeat 4
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: $i} body="$i"
end
a 1 confirmed 1..2
a 1 < basic.nack delivery_tag=3
a 1 < basic.nack delivery_tag=4
a 1 does queue.purge queue=q => message_count=2
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 5} body="5"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 4} body="4"
a 1 confirmed 5..6
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 3} body="3"
a 1 < basic.nack delivery_tag=7
a 1 does basic.get queue=q no_ack => body="5"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 3} body="3"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 4} body="again"
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 2} body="again"
a 1 confirmed 8..10
a 1 does basic.get queue=q no_ack => body="4"
a 1 does basic.get queue=q no_ack => body="3" message_count=0
a closes

scene "What was refused is known after a crash"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable arguments={x-max-length: 2, x-overflow: "reject-publish"}
repeat 3
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: $i} body="$i"
end
a 1 confirmed 1..2
a 1 < basic.nack delivery_tag=3
a 1 does queue.purge queue=q => message_count=2
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 4} body="4"
a 1 confirmed 4
blackout
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 4} body="again"
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 2} body="again"
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 3} body="3"
a 1 confirmed 1..3
blackout
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 3} body="again"
a 1 confirmed 1
a 1 does basic.get queue=q no_ack => body="4"
a 1 does basic.get queue=q no_ack => body="3" message_count=0
a closes

scene "A refusal is durable before it is told, and a higher number may come first"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1} body="1"
a 1 confirmed 1
disk held
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 2} body="2"
a 1 < nothing
disk released
a 1 < basic.nack delivery_tag=2
blackout
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.purge queue=q => message_count=1
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 3} body="3"
a 1 confirmed 1
a 1 does basic.get queue=q no_ack => body="3"
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 2} body="2"
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 2} body="again"
a 1 confirmed 2..3
a 1 does basic.get queue=q no_ack => body="2" message_count=0
a closes

scene "A duplicate is confirmed when the first one is durable, not before"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable
disk held
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 < nothing
disk released
a 1 confirmed 1..2
a 1 does queue.declare queue=q passive => message_count=1
a closes

scene "Numbers last as long as what they are of"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 2}
a 1 > basic.publish routing_key=s headers={x-publisher-id: "p", x-publisher-sequence: 3}
a 1 confirmed 1..3
blackout
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 > basic.publish routing_key=s headers={x-publisher-id: "p", x-publisher-sequence: 3}
a 1 confirmed 1..2
a 1 does queue.declare queue=q passive => message_count=1
a 1 does queue.declare queue=s passive => message_count=1
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 2}
a 1 confirmed 3
a 1 does queue.declare queue=q passive => message_count=2
restart
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 confirmed 1
a 1 does queue.declare queue=q passive => message_count=1
a closes

scene "A queue that is made anew knows nobody"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 9}
a 1 confirmed 1
a 1 does queue.delete queue=q => message_count=1
a 1 does queue.declare queue=q durable
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 confirmed 2
a 1 does queue.declare queue=q passive => message_count=1
a closes

scene "In a transaction a number counts with it, and not when it is rolled back"
broker durable
a connects
a opens 1
a 1 does tx.select
a 1 does queue.declare queue=q durable
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 does tx.rollback
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1} body="1"
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1} body="again"
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 2} body="2"
a 1 does tx.commit
blackout
a connects
a opens 1
a 1 does tx.select
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 2} body="again"
a 1 does tx.commit
a 1 does basic.get queue=q no_ack => body="1" message_count=1
a 1 does basic.get queue=q no_ack => body="2"
a closes

scene "A dead letter does not count where it goes"
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q headers={x-publisher-id: "p", x-publisher-sequence: 5} body="5"
a 1 confirmed 1
a 1 does basic.get queue=q => body="5" delivery_tag=1
a 1 > basic.reject delivery_tag=1
a 1 > basic.publish routing_key=dead headers={x-publisher-id: "p", x-publisher-sequence: 4} body="4"
a 1 > basic.publish routing_key=dead headers={x-publisher-id: "p", x-publisher-sequence: 4} body="again"
a 1 confirmed 2..3
a 1 does basic.get queue=dead no_ack => body="5" message_count=1
a 1 does basic.get queue=dead no_ack => body="4"
a closes

scene "What is delayed is numbered where it waits, and comes out whatever went before it"
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key=k
a 1 > basic.publish exchange=x routing_key=k headers={x-delay: 1000, x-publisher-id: "p", x-publisher-sequence: 1} body="1"
a 1 > basic.publish exchange=x routing_key=k headers={x-delay: 1000, x-publisher-id: "p", x-publisher-sequence: 1} body="again"
a 1 > basic.publish exchange=x routing_key=k headers={x-publisher-id: "p", x-publisher-sequence: 2} body="2"
a 1 confirmed 1..3
a 1 does queue.declare queue=q passive => message_count=1
clock +1500ms
a 1 does basic.get queue=q no_ack => body="2" message_count=1
a 1 does basic.get queue=q no_ack => body="1"
a closes

scene "A publisher asks how far it has come with the number 0"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=r durable arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 > basic.publish exchange=amq.fanout mandatory headers={x-publisher-id: "p", x-publisher-sequence: 0} body="?"
a 1 < basic.return reply_code=200 reply_text="REPLY_SUCCESS" exchange=amq.fanout body="?" headers={x-publisher-id: "p", x-publisher-sequence: l 0, x-publisher-complete: l 0}
a 1 confirmed 1
a 1 > basic.publish exchange=amq.fanout persistent headers={x-publisher-id: "p", x-publisher-sequence: 7}
a 1 confirmed 2
a 1 does queue.bind queue=r exchange=amq.fanout
a 1 > basic.publish exchange=amq.fanout mandatory headers={x-publisher-id: "p", x-publisher-sequence: 0}
a 1 < basic.return reply_code=200 headers={x-publisher-id: "p", x-publisher-sequence: l 7, x-publisher-complete: l 7}
a 1 > basic.publish exchange=amq.fanout persistent headers={x-publisher-id: "p", x-publisher-sequence: 8}
a 1 > basic.publish exchange=amq.fanout persistent headers={x-publisher-id: "p", x-publisher-sequence: 9}
a 1 confirmed 3..4
a 1 < basic.nack delivery_tag=5
a 1 > basic.publish exchange=amq.fanout mandatory headers={x-publisher-id: "p", x-publisher-sequence: 0}
a 1 < basic.return reply_code=200 headers={x-publisher-id: "p", x-publisher-sequence: l 9, x-publisher-complete: l 8}
a 1 confirmed 6
a 1 > basic.publish exchange=amq.fanout headers={x-publisher-id: "p", x-publisher-sequence: 0}
a 1 confirmed 7
a 1 > basic.publish routing_key=nowhere mandatory headers={x-publisher-id: "p", x-publisher-sequence: 0}
a 1 < basic.return reply_code=312
a 1 confirmed 8
a 1 does queue.declare queue=q passive => message_count=3
blackout
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key=q mandatory headers={x-publisher-id: "p", x-publisher-sequence: 0}
a 1 < basic.return reply_code=200 headers={x-publisher-id: "p", x-publisher-sequence: l 9, x-publisher-complete: l 9}
a 1 confirmed 1
a closes

scene "An answer is sure when the question is confirmed"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable
disk held
a 1 > basic.publish routing_key=q persistent headers={x-publisher-id: "p", x-publisher-sequence: 1}
a 1 > basic.publish routing_key=q mandatory headers={x-publisher-id: "p", x-publisher-sequence: 0}
a 1 < basic.return reply_code=200 headers={x-publisher-id: "p", x-publisher-sequence: l 1, x-publisher-complete: l 1}
a 1 < nothing
disk released
a 1 confirmed 1..2
a closes
