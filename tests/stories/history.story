# Exchanges of type x-recent-history: a new binding gets the last messages.

scene "A new binding gets the last twenty, the oldest first"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history"
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
a 1 does queue.bind queue=q exchange=x routing_key="any"
a 1 does confirm.select
repeat 25
a 1 > basic.publish exchange=x routing_key="k$i" content_type="text/plain" body="$i"
end
a 1 confirmed 1..25
a 1 does queue.declare queue=q passive => message_count=25
a 1 does queue.bind queue=r exchange=x routing_key="other"
a 1 does queue.declare queue=r passive => message_count=20
a 1 does basic.get queue=r no_ack => exchange=x routing_key="k6" redelivered=0 content_type="text/plain" body="6"
a 1 does basic.get queue=r no_ack => body="7"
a 1 does queue.bind queue=r exchange=x routing_key="other"
a 1 does queue.declare queue=r passive => message_count=18
a 1 does queue.declare queue=q passive => message_count=25
a closes

scene "As many as it is told to, without those that are not to be stored"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history" arguments={x-recent-history-length: 2}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
a 1 does queue.bind queue=q exchange=x
a 1 does confirm.select
a 1 > basic.publish exchange=x body="1"
a 1 > basic.publish exchange=x body="2"
a 1 > basic.publish exchange=x headers={x-recent-history-no-store: true} body="3"
a 1 > basic.publish exchange=x headers={x-recent-history-no-store: false} body="4"
a 1 confirmed 1..4
a 1 does queue.declare queue=q passive => message_count=4
a 1 does queue.bind queue=r exchange=x
a 1 does basic.get queue=r no_ack => body="2" message_count=1
a 1 does basic.get queue=r no_ack => body="4" message_count=0
a closes

scene "Through another exchange it goes as if published there"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history"
a 1 does exchange.declare exchange=t type=topic
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=t routing_key="a.*"
a 1 > basic.publish exchange=x routing_key="a.b" body="1"
a 1 > basic.publish exchange=x routing_key="b.b" body="2"
a 1 does exchange.bind source=x destination=t
a 1 does basic.get queue=q no_ack => routing_key="a.b" body="1" message_count=0
a closes

scene "Where bindings go round, each message is given once"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history" arguments={x-recent-history-length: 2}
a 1 does exchange.declare exchange=y type=fanout
a 1 does queue.declare queue=q
a 1 > basic.publish exchange=x body="1"
a 1 > basic.publish exchange=x body="2"
a 1 does exchange.bind source=y destination=x
a 1 does queue.bind queue=q exchange=y
a 1 does exchange.bind source=x destination=y
a 1 does basic.get queue=q no_ack => body="1" message_count=1
a 1 does basic.get queue=q no_ack => body="2" message_count=0
a closes

scene "Who consumes gets it at once; a full queue does not"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history"
a 1 does queue.declare queue=q
a 1 does queue.declare queue=full arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 > basic.publish exchange=x body="1"
a 1 > basic.publish exchange=x body="2"
a 1 does basic.consume queue=q no_ack
a 1 does queue.bind queue=q exchange=x
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="2"
a 1 does queue.bind queue=full exchange=x
a 1 does basic.get queue=full no_ack => body="1" message_count=0
a closes

scene "What a binding was given is durable when the binding is; what is remembered is not"
broker durable
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history" durable
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=r durable
a 1 > basic.publish exchange=x persistent body="1"
a 1 > basic.publish exchange=x body="2"
a 1 does queue.bind queue=q exchange=x
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="1" message_count=0
a 1 does queue.bind queue=r exchange=x
a 1 does queue.declare queue=r passive => message_count=0
a 1 > basic.publish exchange=x persistent body="3"
a 1 does queue.unbind queue=q exchange=x
a 1 does queue.bind queue=q exchange=x
a 1 does queue.declare queue=q passive => message_count=2
a 1 does exchange.delete exchange=x
a closes

scene "Large messages push out small ones"
broker max_message_bytes=20000000
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history"
a 1 does queue.declare queue=q
a 1 > basic.publish exchange=x body="small"
a 1 > basic.publish exchange=x body_bytes=9000000
a 1 > basic.publish exchange=x body_bytes=9000000
a 1 > basic.publish exchange=x body="last"
a 1 does queue.bind queue=q exchange=x
a 1 does queue.declare queue=q passive => message_count=2
a 1 > basic.publish exchange=x body_bytes=17000000
a 1 does queue.declare queue=r
a 1 does queue.bind queue=r exchange=x
a 1 does queue.declare queue=r passive => message_count=1
a closes

scene "Headers count as bodies do"
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-recent-history" arguments={x-recent-history-length: 1000}
a 1 does queue.declare queue=q
repeat 150
a 1 > basic.publish exchange=x headers="\x01aS\0\x01\xd4\xc0"+120000*"h" body="$i"
end
a 1 does queue.bind queue=q exchange=x
a 1 does queue.declare queue=q passive => message_count=139
a 1 does basic.get queue=q no_ack => body="12"
a closes

scene "Lengths that are none"
a connects
a opens 1
a 1 > exchange.declare exchange=x type="x-recent-history" arguments={x-recent-history-length: -30}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument -30, 'x-recent-history-length' must be a positive integer" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-recent-history" arguments={x-recent-history-length: 0}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument 0, 'x-recent-history-length' must be a positive integer" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-recent-history" arguments={x-recent-history-length: "1"}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument <<\"1\">>, 'x-recent-history-length' must be a positive integer" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type="x-recent-history" arguments={x-recent-history-length: 1001}
a 1 refused 406 "PRECONDITION_FAILED - Invalid argument 1001, 'x-recent-history-length' must not be greater than 1000" exchange.declare
a closes
