# Exchanges that send each message to one of their bindings.

scene "x-consistent-hash: equal keys go the same way, also after a restart"
broker durable
a connects
a opens 1
a 1 does exchange.declare exchange=x type=x-consistent-hash durable
a 1 does queue.declare queue=q1 durable
a 1 does queue.declare queue=q2 durable
a 1 does queue.bind queue=q1 exchange=x routing_key="1"
a 1 does queue.bind queue=q2 exchange=x routing_key="1"
a 1 > basic.publish exchange=x routing_key="apple" persistent body="1"
a 1 > basic.publish exchange=x routing_key="apple" persistent body="2"
restart
a connects
a opens 1
a 1 > basic.publish exchange=x routing_key="apple" persistent body="3"
a 1 does queue.declare queue=q1 passive => message_count=3
a 1 does queue.declare queue=q2 passive => message_count=0
a closes

scene "... by a header or by a property, when the exchange says so"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=x-consistent-hash arguments={hash-header: "h"}
a 1 does exchange.declare exchange=y type=x-consistent-hash arguments={hash-property: "message_id"}
a 1 does queue.declare queue=q1
a 1 does queue.declare queue=q2
a 1 does queue.bind queue=q1 exchange=x routing_key="1"
a 1 does queue.bind queue=q2 exchange=x routing_key="1"
a 1 does queue.bind queue=q1 exchange=y routing_key="1"
a 1 does queue.bind queue=q2 exchange=y routing_key="1"
a 1 > basic.publish exchange=x routing_key="a" headers={h: "apple"} body="1"
a 1 > basic.publish exchange=x routing_key="b" headers={h: "apple"} body="2"
a 1 > basic.publish exchange=x routing_key="c" headers={h: "apple"} body="3"
a 1 > basic.publish exchange=y routing_key="a" message_id="apple" body="4"
a 1 > basic.publish exchange=y routing_key="b" message_id="apple" body="5"
a 1 does queue.declare queue=q1 passive => message_count=5
a closes

scene "What an x-consistent-hash does not take"
a connects
a opens 1
a 1 > exchange.declare exchange=x type=x-consistent-hash arguments={hash-header: "h", hash-property: "message_id"}
a 1 refused 406 "PRECONDITION_FAILED - hash-header and hash-property are mutually exclusive" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x type=x-consistent-hash arguments={hash-property: "app_id"}
a 1 refused 406 "PRECONDITION_FAILED - Unsupported property: app_id" exchange.declare
a opens 1
a 1 does exchange.declare exchange=x type=x-consistent-hash
a 1 does queue.declare queue=q
a 1 > queue.bind queue=q exchange=x routing_key="many"
a 1 refused 406 "PRECONDITION_FAILED - The binding key must be an integer: <<\"many\">>" queue.bind
a opens 1
a 1 > queue.bind queue=q exchange=x routing_key="0"
a 1 refused 406 "PRECONDITION_FAILED - The binding key must be greater than 0" queue.bind
a opens 1
a closes

scene "x-random, x-local-random and x-modulus-hash: one copy each"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does exchange.declare exchange=r type=x-random
a 1 does exchange.declare exchange=l type=x-local-random
a 1 does exchange.declare exchange=m type=x-modulus-hash
a 1 does queue.bind queue=q exchange=r routing_key="1"
a 1 does queue.bind queue=q exchange=r routing_key="2"
a 1 does queue.bind queue=q exchange=l
a 1 does queue.bind queue=q exchange=m
a 1 > basic.publish exchange=r routing_key="k" body="1"
a 1 > basic.publish exchange=l routing_key="k" body="2"
a 1 > basic.publish exchange=m routing_key="k" headers={CC: ["l"]} body="3"
a 1 does queue.declare queue=q passive => message_count=3
a closes

scene "x-random, x-local-random and x-modulus-hash: one of two queues has it, not both"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.declare queue=p
a 1 does exchange.declare exchange=r type=x-random
a 1 does exchange.declare exchange=l type=x-local-random
a 1 does exchange.declare exchange=m type=x-modulus-hash
a 1 does queue.bind queue=q exchange=r
a 1 does queue.bind queue=p exchange=r
a 1 does queue.bind queue=q exchange=l
a 1 does queue.bind queue=p exchange=l
a 1 does queue.bind queue=q exchange=m
a 1 does queue.bind queue=p exchange=m
a 1 does basic.consume queue=q no_ack
a 1 does basic.consume queue=p no_ack
a 1 > basic.publish exchange=r routing_key="k" body="1"
a 1 < basic.deliver body="1"
a 1 > basic.publish exchange=l routing_key="k" body="2"
a 1 < basic.deliver body="2"
a 1 > basic.publish exchange=m routing_key="k" body="3"
a 1 < basic.deliver body="3"
a 1 does basic.qos prefetch_count=1
a closes
