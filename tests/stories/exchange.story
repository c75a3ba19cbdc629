# Class exchange: declare, delete, bind, unbind.

scene "The predeclared exchanges"
a connects
a opens 1
a 1 does exchange.declare exchange=amq.direct type=direct durable
a 1 does exchange.declare exchange=amq.fanout type=fanout durable
a 1 does exchange.declare exchange=amq.topic type=topic durable
a 1 does exchange.declare exchange=amq.headers type=headers durable
a 1 does exchange.declare exchange=amq.match type=headers durable
a 1 does exchange.declare exchange=amq.rabbitmq.trace passive
a closes

scene "Declaring the same again is fine"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=topic durable auto_delete internal
a 1 does exchange.declare exchange=x type=topic durable auto_delete internal
a closes

scene "A name may be declared passively whatever else is said"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=topic durable
a 1 does exchange.declare exchange=x type=nonsense passive
a closes

scene "Passive, and missing"
a connects
a opens 1
a 1 > exchange.declare exchange=x type=direct passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
a closes

scene "Another type"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct
a 1 > exchange.declare exchange=x type=fanout
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'" exchange.declare
a closes

scene "Another durability"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct durable
a 1 > exchange.declare exchange=x type=direct
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'x' in vhost '/': received 'false' but current is 'true'" exchange.declare
a closes

scene "Another auto_delete"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct
a 1 > exchange.declare exchange=x type=direct auto_delete
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for exchange 'x' in vhost '/': received 'true' but current is 'false'" exchange.declare
a closes

scene "Internal against not"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct
a 1 > exchange.declare exchange=x type=direct internal
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'internal' for exchange 'x' in vhost '/': received 'true' but current is 'false'" exchange.declare
a closes

scene "Of the arguments only alternate-exchange counts"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct arguments={nonsense: 1}
a 1 does exchange.declare exchange=x type=direct arguments={other: "text"}
a 1 > exchange.declare exchange=x type=direct arguments={alternate-exchange: "y"}
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received the value 'y' of type 'longstr' but current is none" exchange.declare
a closes

scene "An alternate exchange that is no string"
a connects
a opens 1
a 1 > exchange.declare exchange=x type=direct arguments={alternate-exchange: 5}
a 1 refused 406 "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange'…" exchange.declare
a closes

scene "A type that does not exist"
a connects
a opens 1
a 1 > exchange.declare exchange=x type=nosuch
a 1 refused 406 "PRECONDITION_FAILED - unknown exchange type 'nosuch'" exchange.declare
a closes

scene "A name of the broker's own kind"
a connects
a opens 1
a 1 > exchange.declare exchange=amq.something type=direct
a 1 refused 403 "ACCESS_REFUSED - exchange name 'amq.something' contains reserved prefix 'amq.*'" exchange.declare
a closes

scene "Line feeds fall out of names"
a connects
a opens 1
a 1 does exchange.declare exchange="a\r\nb" type=fanout
a 1 does exchange.declare exchange="ab" type=fanout passive
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange="a\nb"
a 1 > basic.publish exchange="ab" body="x"
a 1 does basic.get queue=q no_ack => exchange="ab" body="x"
a closes

scene "Other control characters are refused"
a connects
a opens 1
a 1 > exchange.declare exchange="a\0b" type=fanout
a 1 refused 406 "PRECONDITION_FAILED…" exchange.declare
a closes

scene "The default exchange is not to be touched: declare"
a connects
a opens 1
a 1 > exchange.declare exchange="" type=direct
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" exchange.declare
a closes

scene "The default exchange is not to be touched: delete"
a connects
a opens 1
a 1 > exchange.delete exchange=""
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" exchange.delete
a closes

scene "The default exchange is not to be touched: bind and unbind, queues"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.bind queue=q exchange="" routing_key=k
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" queue.bind
a opens 1
a 1 > queue.unbind queue=q exchange="" routing_key=q
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" queue.unbind
a closes

scene "The default exchange is not to be touched: a name that is empty once it is cleaned"
a connects
a opens 1 2 3 4
a 4 does queue.declare queue=q
a 4 does queue.declare queue=victim
a 1 > queue.bind queue=q exchange="\n" routing_key=victim
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" queue.bind
a 2 > exchange.bind source="\r" destination=amq.fanout
a 2 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" exchange.bind
a 3 > exchange.bind source=amq.fanout destination="\r\n"
a 3 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" exchange.bind
a 4 > basic.publish routing_key=victim body="x"
a 4 does queue.declare queue=victim passive => message_count=1

scene "The default exchange is not to be touched: bind and unbind, exchanges"
a connects
a opens 1
a 1 > exchange.bind destination=amq.fanout source=""
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" exchange.bind
a opens 1
a 1 > exchange.bind destination="" source=amq.fanout
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" exchange.bind
a opens 1
a 1 > exchange.unbind destination=amq.fanout source=""
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" exchange.unbind
a closes

# ---- delete ----

scene "Deleting twice is fine"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct
a 1 does exchange.delete exchange=x
a 1 does exchange.delete exchange=x
a 1 > exchange.declare exchange=x passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
a closes

scene "A predeclared exchange stays"
a connects
a opens 1
a 1 > exchange.delete exchange=amq.direct
a 1 refused 403 "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed" exchange.delete
a closes

scene "Not while it is in use"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key=k
a 1 > exchange.delete exchange=x if_unused
a 1 refused 406 "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use" exchange.delete
a opens 1
a 1 does queue.unbind queue=q exchange=x routing_key=k
a 1 does exchange.delete exchange=x if_unused
a closes

scene "Its bindings go with it"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x routing_key=k
a 1 does exchange.delete exchange=x
a 1 does exchange.declare exchange=x type=direct
a 1 > basic.publish exchange=x routing_key=k body="x" mandatory
a 1 < basic.return reply_code=312 reply_text="NO_ROUTE"
a closes

scene "Without an answer when none is wanted"
a connects
a opens 1
a 1 > exchange.declare exchange=x type=fanout no_wait
a 1 > exchange.bind destination=x source=amq.fanout no_wait
a 1 > exchange.unbind destination=x source=amq.fanout no_wait
a 1 < nothing
a 1 does exchange.declare exchange=x passive
a 1 > exchange.delete exchange=x no_wait
a 1 < nothing
a 1 > exchange.declare exchange=x passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
a closes

scene "A refusal is told even then"
a connects
a opens 1
a 1 > exchange.declare exchange=x type=nosuch no_wait
a 1 refused 406 "PRECONDITION_FAILED - unknown exchange type 'nosuch'" exchange.declare
a closes

# ---- auto-delete ----

scene "An auto-delete exchange goes with its last binding, and not before it had one"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout auto_delete
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
a 1 does exchange.declare exchange=x passive
a 1 does queue.bind queue=q exchange=x
a 1 does queue.bind queue=r exchange=x
a 1 does queue.unbind queue=q exchange=x
a 1 does exchange.declare exchange=x passive
a 1 does queue.unbind queue=r exchange=x
a 1 > queue.bind queue=q exchange=x
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" queue.bind
a closes

scene "Also when the queue is deleted"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout auto_delete
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=x
a 1 does queue.delete queue=q
a 1 > exchange.declare exchange=x passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
a closes

scene "Also when the connection that owned the queue is lost"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout auto_delete
b connects
b opens 1
b 1 does queue.declare queue=q exclusive
b 1 does queue.bind queue=q exchange=x
b leaves
a 1 > exchange.declare exchange=x passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
a closes

scene "From exchange to exchange it cascades"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout auto_delete
a 1 does exchange.declare exchange=y type=fanout auto_delete
a 1 does queue.declare queue=q
a 1 does exchange.bind destination=y source=x
a 1 does queue.bind queue=q exchange=y
a 1 does queue.delete queue=q
a 1 > exchange.declare exchange=y passive
a 1 refused 404 "NOT_FOUND - no exchange 'y' in vhost '/'" exchange.declare
a opens 1
a 1 > exchange.declare exchange=x passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
a closes

# ---- bind ----

scene "Either end may be missing"
a connects
a opens 1
a 1 > exchange.bind destination=nowhere source=amq.fanout
a 1 refused 404 "NOT_FOUND - no exchange 'nowhere' in vhost '/'" exchange.bind
a opens 1
a 1 > exchange.bind destination=amq.fanout source=nowhere
a 1 refused 404 "NOT_FOUND - no exchange 'nowhere' in vhost '/'" exchange.bind
a opens 1
a 1 does exchange.unbind destination=nowhere source=amq.fanout
a 1 does exchange.unbind destination=amq.fanout source=nowhere
a closes

scene "Unbinding what is not bound is fine"
a connects
a opens 1
a 1 does exchange.unbind destination=amq.fanout source=amq.topic routing_key=k
a 1 does queue.declare queue=q
a 1 does queue.unbind queue=q exchange=amq.topic routing_key=k
a closes

scene "Binding twice is binding once"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.direct routing_key=k
a 1 does queue.bind queue=q exchange=amq.direct routing_key=k
a 1 > basic.publish exchange=amq.direct routing_key=k body="x"
a 1 does basic.get queue=q no_ack => message_count=0
a 1 does queue.unbind queue=q exchange=amq.direct routing_key=k
a 1 > basic.publish exchange=amq.direct routing_key=k body="x" mandatory
a 1 < basic.return reply_code=312
a closes

scene "Arguments tell bindings apart"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.direct routing_key=k arguments={n: 1}
a 1 does queue.bind queue=q exchange=amq.direct routing_key=k arguments={n: 2}
a 1 does queue.unbind queue=q exchange=amq.direct routing_key=k arguments={n: 1}
a 1 > basic.publish exchange=amq.direct routing_key=k body="x"
a 1 does basic.get queue=q no_ack => message_count=0
a closes

scene "Bad x-match"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.bind queue=q exchange=amq.headers arguments={x-match: "some"}
a 1 refused 406 "PRECONDITION_FAILED - Invalid x-match field value …" queue.bind
a closes
