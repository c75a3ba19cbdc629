# Exchanges of type x-delayed-message: a message waits as long as its header x-delay says.

scene "A delayed message is routed when its time has come, and its header is negated"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key=k
a 1 > basic.publish exchange=x routing_key=k body="later" headers={x-delay: 1000, other: "stays"}
clock +999ms
a 1 does queue.declare queue=q passive => message_count=0
clock +1ms
a 1 does basic.get queue=q no_ack => body="later" exchange=x routing_key=k headers~{x-delay: -1000, other: "stays"}
a closes

scene "In order of their times, and of their publishing among equals"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "fanout"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x
a 1 does basic.consume queue=q no_ack
a 1 > basic.publish exchange=x body="third" headers={x-delay: 300}
a 1 > basic.publish exchange=x body="first" headers={x-delay: 100}
a 1 > basic.publish exchange=x body="second" headers={x-delay: 200}
a 1 > basic.publish exchange=x body="fourth" headers={x-delay: 300}
a 1 > basic.publish exchange=x body="at once"
a 1 < basic.deliver body="at once" headers=absent
a 1 < nothing
clock +100ms
a 1 < basic.deliver body="first"
a 1 < nothing
clock +1000ms
a 1 < basic.deliver body="second"
a 1 < basic.deliver body="third"
a 1 < basic.deliver body="fourth"
a closes

scene "What is no delay is none"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "topic"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key="#"
a 1 does basic.consume queue=q no_ack
a 1 > basic.publish exchange=x routing_key=a body="none" headers={other: 1}
a 1 < basic.deliver body="none"
a 1 > basic.publish exchange=x routing_key=a body="zero" headers={x-delay: 0}
a 1 < basic.deliver body="zero" headers~{x-delay: 0}
a 1 > basic.publish exchange=x routing_key=a body="negative" headers={x-delay: -5}
a 1 < basic.deliver body="negative" headers~{x-delay: -5}
a 1 > basic.publish exchange=x routing_key=a body="no number" headers={x-delay: "soon"}
a 1 < basic.deliver body="no number" headers~{x-delay: "soon"}
a 1 > basic.publish exchange=x routing_key=a body="digits" headers={x-delay: "50"}
a 1 < nothing
clock +50ms
a 1 < basic.deliver body="digits" headers~{x-delay: -50}
a closes

scene "It is routed by what is bound at that time"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 does queue.declare queue=old
a 1 does queue.declare queue=new
a 1 does queue.bind queue=old exchange=x routing_key=k
a 1 > basic.publish exchange=x routing_key=k body="x" headers={x-delay: 100}
a 1 does queue.unbind queue=old exchange=x routing_key=k
a 1 does queue.bind queue=new exchange=x routing_key=k
clock +100ms
a 1 does queue.declare queue=old passive => message_count=0
a 1 does queue.declare queue=new passive => message_count=1
a closes

scene "A mandatory one is not returned, whether it is routed in the end or not"
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 > basic.publish exchange=x routing_key=nowhere mandatory body="x" headers={x-delay: 100}
a 1 confirmed 1
clock +200ms
a 1 < nothing
a 1 > basic.publish exchange=x routing_key=nowhere mandatory body="x"
a 1 < basic.return reply_code=312 body="x"
a 1 confirmed 2
a closes

scene "What is durable waits over a start, and its confirm says so"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="x-delayed-message" durable arguments={x-delayed-type: "fanout"}
a 1 does queue.declare queue=q durable
a 1 does queue.bind queue=q exchange=x
disk held
a 1 > basic.publish exchange=x body="in time" persistent headers={x-delay: 1000}
a 1 < nothing
disk released
a 1 confirmed 1
a 1 > basic.publish exchange=x body="not kept" headers={x-delay: 1000}
a 1 > basic.publish exchange=x body="late" persistent headers={x-delay: 500}
a 1 confirmed 2..3
clock +300ms
blackout
a connects
a opens 1
clock +699ms
a 1 does queue.declare queue=q passive => message_count=1
a 1 does basic.get queue=q no_ack => body="late"
clock +1ms
a 1 does basic.get queue=q no_ack => body="in time" headers~{x-delay: -1000}
restart
a connects
a opens 1
clock +2000ms
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "What waits in an exchange that is deleted is gone"
broker durable
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" durable arguments={x-delayed-type: "fanout"}
a 1 does queue.declare queue=q durable
a 1 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x body="x" persistent headers={x-delay: 100}
a 1 does exchange.delete exchange=x
a 1 does exchange.declare exchange=x type="x-delayed-message" durable arguments={x-delayed-type: "fanout"}
a 1 does queue.bind queue=q exchange=x
clock +200ms
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "Through other exchanges too: a binding, and the exchange for the dead"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "fanout"}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=direct
a 1 does queue.bind queue=q exchange=x
a 1 does queue.bind queue=direct exchange=amq.fanout
a 1 does exchange.bind destination=x source=amq.fanout
a 1 > basic.publish exchange=amq.fanout body="x" headers={x-delay: 100}
a 1 does basic.get queue=direct no_ack => body="x" headers~{x-delay: 100}
a 1 does queue.declare queue=q passive => message_count=0
clock +100ms
a 1 does basic.get queue=q no_ack => body="x" headers~{x-delay: -100}
a 1 does queue.declare queue=work arguments={x-dead-letter-exchange: "x"}
a 1 > basic.publish routing_key=work body="again" headers={x-delay: 100}
a 1 does basic.get queue=work => delivery_tag=3 body="again"
a 1 > basic.reject delivery_tag=3
clock +99ms
a 1 does queue.declare queue=q passive => message_count=0
clock +1ms
a 1 does basic.get queue=q no_ack => body="again" headers~{x-first-death-queue: "work", x-delay: -100}
a closes

scene "Its time to live begins when it arrives"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "fanout"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x body="x" expiration="50" headers={x-delay: 100}
clock +149ms
a 1 does queue.declare queue=q passive => message_count=1
clock +1ms
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "Who else it went to stays unknown"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key=secret
a 1 > basic.publish exchange=x routing_key=open body="x" headers={BCC: ["secret"], x-delay: 100}
clock +100ms
a 1 does basic.get queue=q no_ack => body="x" headers={x-delay: -100}
a closes

scene "It needs the type it routes by"
a connects
a opens 1
a 1 > exchange.declare exchange=x type="x-delayed-message"
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument, 'x-delayed-type' must be an existing exchange type" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: 5}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument, 'x-delayed-type' must be an existing exchange type" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "strange"}
a 1 refused 406 "PRECONDITION_FAILED - unknown exchange type 'strange'" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "x-delayed-message"}
a 1 refused 406 "PRECONDITION_FAILED - unknown exchange type 'x-delayed-message'" exchange.declare
a opens 1
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 does exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 > exchange.declare exchange=x type="direct"
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received 'direct' but current is 'x-delayed-message'" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-delayed-message" arguments={x-delayed-type: "topic"}
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-delayed-type' for exchange 'x' in vhost '/': received 'topic' but current is 'direct'" exchange.declare
a closes

scene "What waits is counted, and can be dropped"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=later type="x-delayed-message" durable arguments={x-delayed-type: "direct"}
a 1 does exchange.declare exchange=now type="direct" durable
a 1 does queue.declare queue=q durable
a 1 does queue.bind queue=q exchange=later routing_key="k"
a 1 > basic.publish exchange=later routing_key=k body="kept" delivery_mode=2 headers={x-delay: 60000}
a 1 > basic.publish exchange=later routing_key=k body="not kept" headers={x-delay: 70000}
a 1 confirmed 1..2
ctl list_exchanges name messages_delayed -s => 0 "later\t2\n"
ctl list_exchanges name messages_delayed -s => 0 "now\t\n"
ctl purge_delayed_messages now => 65 "exchange 'now' in vhost '/' delays no messages"
ctl purge_delayed_messages none => 65 "no exchange 'none' in vhost '/'"
ctl purge_delayed_messages later => 0 "Purging delayed messages of exchange 'later' in vhost '/' ...\n"
ctl list_exchanges name messages_delayed -s => 0 "later\t0\n"
clock +100s
a 1 does queue.declare queue=q passive => message_count=0
a 1 > basic.publish exchange=later routing_key=k body="next" headers={x-delay: 1000}
a 1 confirmed 3
a closes
restart
ctl list_exchanges name messages_delayed -s => 0 "later\t0\n"
clock +100s
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=0
a closes
