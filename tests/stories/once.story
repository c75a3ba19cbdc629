# Deduplication: exchanges of type x-message-deduplication, and the argument of that name.

scene "An exchange takes a key once; what comes again is confirmed and dropped"
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 10}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
a 1 does queue.bind queue=q exchange=x routing_key="any"
a 1 does queue.bind queue=r exchange=x routing_key="other"
a 1 > basic.publish exchange=x routing_key=k headers={x-deduplication-header: "one"} body="1"
a 1 > basic.publish exchange=x routing_key=k headers={x-deduplication-header: "one"} body="again"
a 1 > basic.publish exchange=x routing_key=k mandatory headers={x-deduplication-header: "one"} body="again"
a 1 > basic.publish exchange=x routing_key=k headers={x-deduplication-header: "two"} body="2"
a 1 > basic.publish exchange=x routing_key=k body="without"
a 1 > basic.publish exchange=x routing_key=k body="without"
a 1 confirmed 1..6
a 1 does basic.get queue=q no_ack => body="1" message_count=3
a 1 does basic.get queue=q no_ack => body="2"
a 1 does basic.get queue=q no_ack => body="without"
a 1 does queue.declare queue=r passive => message_count=4
a closes

scene "A text and a number are two keys"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 10}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x headers={x-deduplication-header: 1}
a 1 > basic.publish exchange=x headers={x-deduplication-header: "1"}
a 1 > basic.publish exchange=x headers={x-deduplication-header: 1}
a 1 does queue.declare queue=q passive => message_count=2
a closes

scene "The oldest key goes when there is no room"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: "2"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x
repeat 3
a 1 > basic.publish exchange=x headers={x-deduplication-header: "$i"}
end
a 1 > basic.publish exchange=x headers={x-deduplication-header: "3"}
a 1 > basic.publish exchange=x headers={x-deduplication-header: "2"}
a 1 does queue.declare queue=q passive => message_count=3
a 1 > basic.publish exchange=x headers={x-deduplication-header: "1"}
a 1 does queue.declare queue=q passive => message_count=4
a closes

scene "A key has its time, and a message may say another one"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 10, x-cache-ttl: 1000}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"}
a 1 > basic.publish exchange=x headers={x-deduplication-header: "b", x-cache-ttl: 5000}
clock +999ms
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"}
a 1 does queue.declare queue=q passive => message_count=2
clock +1ms
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"}
a 1 > basic.publish exchange=x headers={x-deduplication-header: "b"}
a 1 does queue.declare queue=q passive => message_count=3
clock +4s
a 1 > basic.publish exchange=x headers={x-deduplication-header: "b"}
a 1 does queue.declare queue=q passive => message_count=4
a closes

scene "What no queue took may come again"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 10}
a 1 > basic.publish exchange=x mandatory headers={x-deduplication-header: "a"} body="1"
a 1 < basic.return reply_code=312 body="1"
a 1 does queue.declare queue=q arguments={x-max-length: 0, x-overflow: "reject-publish"}
a 1 does queue.bind queue=q exchange=x
a 1 does confirm.select
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"} body="2"
a 1 < basic.nack delivery_tag=1
a 1 does queue.declare queue=r
a 1 does queue.bind queue=r exchange=x
a 1 does queue.delete queue=q
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"} body="3"
a 1 confirmed 2
a 1 does basic.get queue=r no_ack => body="3"
a closes

scene "Any exchange may have the argument, and its header another name"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=topic arguments={x-message-deduplication: true, x-deduplication-header: "id"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key="#.end"
a 1 > basic.publish exchange=x routing_key=the.end headers={id: "a"}
a 1 > basic.publish exchange=x routing_key=the.end headers={id: "a"}
a 1 > basic.publish exchange=x routing_key=the.end headers={x-deduplication-header: "a"}
a 1 > basic.publish exchange=x routing_key=the.end headers={x-deduplication-header: "a"}
a 1 does queue.declare queue=q passive => message_count=3
a closes

scene "A queue takes a key again when its message has left"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-message-deduplication: true}
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "a"} body="1"
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "a"} body="2"
a 1 does basic.get queue=q => delivery_tag=1 body="1" message_count=0
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "a"} body="3"
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 > basic.reject delivery_tag=1 requeue
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "a"} body="4"
a 1 does basic.get queue=q => delivery_tag=2 body="1" message_count=0
a 1 > basic.ack delivery_tag=2
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "a"} body="5"
a 1 does basic.get queue=q => delivery_tag=3 body="5"
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "b"} body="6"
a 1 does queue.purge queue=q => message_count=1
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "a"} body="7"
a 1 > basic.publish routing_key=q headers={x-deduplication-header: "b"} body="8"
a 1 does basic.get queue=q => body="8" message_count=0
a closes

scene "Of several queues only that which has it leaves it out"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout
a 1 does queue.declare queue=q arguments={x-message-deduplication: true}
a 1 does queue.declare queue=r
a 1 does queue.bind queue=q exchange=x
a 1 does queue.bind queue=r exchange=x
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"}
a 1 > basic.publish exchange=x mandatory headers={x-deduplication-header: "a"}
a 1 does queue.declare queue=q passive => message_count=1
a 1 does queue.declare queue=r passive => message_count=2
a closes

scene "Dead letters are no publishes: they are not left out"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 10}
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "retry"}
a 1 does queue.declare queue=retry arguments={x-dead-letter-exchange: "x", x-message-ttl: 1000}
a 1 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"} body="1"
a 1 does basic.get queue=q => delivery_tag=1 body="1"
a 1 > basic.reject delivery_tag=1
clock +1500ms
a 1 does basic.get queue=q no_ack => body="1"
a closes

scene "In a transaction it is decided at the commit"
a connects
a opens 1 2
a 1 does tx.select
a 2 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 10}
a 2 does queue.declare queue=q
a 2 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"} body="1"
a 1 > basic.publish exchange=x headers={x-deduplication-header: "a"} body="2"
a 1 > basic.publish exchange=x headers={x-deduplication-header: "b"} body="3"
a 2 > basic.publish exchange=x headers={x-deduplication-header: "b"} body="4"
a 1 does tx.commit
a 2 does basic.get queue=q no_ack => body="4" message_count=1
a 2 does basic.get queue=q no_ack => body="1" message_count=0
a 1 > basic.publish exchange=x headers={x-deduplication-header: "c"} body="5"
a 1 does tx.rollback
a 2 > basic.publish exchange=x headers={x-deduplication-header: "c"} body="6"
a 2 does basic.get queue=q no_ack => body="6"
a closes

scene "The window is there after the power was gone"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="x-message-deduplication" durable arguments={x-cache-size: 10, x-cache-ttl: 60000}
a 1 does exchange.declare exchange=ram type="x-message-deduplication" durable arguments={x-cache-size: 10, x-cache-persistence: "memory"}
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=once durable arguments={x-message-deduplication: true}
a 1 does queue.bind queue=q exchange=x
a 1 does queue.bind queue=q exchange=ram
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "kept"} body="1"
a 1 > basic.publish exchange=x headers={x-deduplication-header: "transient"} body="2"
a 1 > basic.publish exchange=ram persistent headers={x-deduplication-header: "kept"} body="3"
a 1 > basic.publish routing_key=once persistent headers={x-deduplication-header: "a"} body="4"
a 1 > basic.publish routing_key=once persistent headers={x-deduplication-header: "b"} body="5"
a 1 confirmed 1..5
a 1 does basic.get queue=once no_ack => body="4"
clock +1s
blackout
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "kept"} body="1 again"
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "transient"} body="2 again"
a 1 > basic.publish exchange=ram persistent headers={x-deduplication-header: "kept"} body="3 again"
a 1 > basic.publish routing_key=once persistent headers={x-deduplication-header: "a"} body="4 again"
a 1 > basic.publish routing_key=once persistent headers={x-deduplication-header: "b"} body="5 again"
a 1 confirmed 1..5
a 1 does basic.get queue=q no_ack => body="1"
a 1 does basic.get queue=q no_ack => body="3"
a 1 does basic.get queue=q no_ack => body="2 again"
a 1 does basic.get queue=q no_ack => body="3 again" message_count=0
a 1 does basic.get queue=once no_ack => body="5"
a 1 does basic.get queue=once no_ack => body="4 again" message_count=0
clock +60s
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "kept"} body="later"
a 1 confirmed 6
a 1 does basic.get queue=q no_ack => body="later"
a closes

scene "What was lost is not kept out by its key"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="x-message-deduplication" durable arguments={x-cache-size: 10}
a 1 does queue.declare queue=q durable
a 1 does queue.bind queue=q exchange=x
disk held
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "a"} body="1"
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "a"} body="1"
a 1 < nothing
blackout
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "a"} body="2"
a 1 confirmed 1
a 1 does basic.get queue=q no_ack => body="2" message_count=0
a closes

scene "A deleted exchange leaves no keys to a new one of its name"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
repeat 2
a 1 does exchange.declare exchange=x type="x-message-deduplication" durable arguments={x-cache-size: 10}
a 1 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "a"} body="$i"
a 1 does queue.declare queue=q passive => message_count=$i
a 1 does exchange.delete exchange=x
end
a 1 does exchange.declare exchange=x type="x-message-deduplication" durable arguments={x-cache-size: 10}
a 1 does queue.bind queue=q exchange=x
restart
a connects
a opens 1
a 1 > basic.publish exchange=x persistent headers={x-deduplication-header: "a"} body="3"
a 1 does queue.declare queue=q passive => message_count=3
a closes

scene "Arguments that make no sense"
a connects
a opens 1
a 1 > exchange.declare exchange=x type="x-message-deduplication"
a 1 refused 406 "PRECONDITION_FAILED - Missing or invalid argument, 'x-cache-size' must be an integer greater than 0" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 0}
a 1 refused 406 "PRECONDITION_FAILED - Missing or invalid argument, 'x-cache-size' must be an integer greater than 0" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: "many"}
a 1 refused 406 "PRECONDITION_FAILED - Missing or invalid argument, 'x-cache-size' must be an integer greater than 0" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 1000001}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument, 'x-cache-size' must not be greater than 1000000" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 1, x-cache-ttl: 0}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument, 'x-cache-ttl' must be an integer greater than 0" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 1, x-cache-persistence: "tape"}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type=direct arguments={x-message-deduplication: true, x-cache-ttl: -1}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument, 'x-cache-ttl' must be an integer greater than 0" exchange.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-message-deduplication: "yes"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-message-deduplication' for queue 'q' in vhost '/': {unacceptable_type,longstr}" queue.declare
a closes

scene "A message that a queue refused was not accepted: its key is free"
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="x-message-deduplication" arguments={x-cache-size: 10}
a 1 does queue.declare queue=full arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 does queue.declare queue=r
a 1 does queue.bind queue=full exchange=x
a 1 does queue.bind queue=r exchange=x
a 1 > basic.publish routing_key=full body="first"
a 1 confirmed 1
a 1 > basic.publish exchange=x headers={x-deduplication-header: "one"} body="one"
a 1 < basic.nack delivery_tag=2
a 1 does basic.get queue=full no_ack => body="first"
a 1 > basic.publish exchange=x headers={x-deduplication-header: "one"} body="one"
a 1 confirmed 3
a 1 does basic.get queue=full no_ack => body="one"
a 1 does queue.declare queue=r passive => message_count=2
a closes

scene "A transaction of duplicates waits for the first ones as well"
broker durable
a connects
a opens 1 2
a 1 does exchange.declare exchange=x type="x-message-deduplication" durable arguments={x-cache-size: 10}
a 1 does queue.declare queue=q durable
a 1 does queue.bind queue=q exchange=x
a 2 does tx.select
disk held
a 1 > basic.publish exchange=x headers={x-deduplication-header: "one"} persistent body="one"
a 2 > basic.publish exchange=x headers={x-deduplication-header: "one"} persistent body="one"
a 2 > tx.commit
a 2 < nothing
disk released
a 2 < tx.commit-ok
a closes
