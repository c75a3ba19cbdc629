# Where a message goes.

scene "The default exchange knows every queue by its name"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish exchange="" routing_key=q body="hello"
a 1 does basic.get queue=q no_ack => exchange="" routing_key=q body="hello"
a closes

scene "direct: the whole key"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.direct routing_key=green
a 1 > basic.publish exchange=amq.direct routing_key=green body="yes"
a 1 > basic.publish exchange=amq.direct routing_key=gree body="no"
a 1 > basic.publish exchange=amq.direct routing_key=greens body="no"
a 1 does basic.get queue=q no_ack => body="yes" message_count=0
a closes

scene "fanout: everyone, once"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
a 1 does queue.bind queue=q exchange=amq.fanout routing_key=one
a 1 does queue.bind queue=q exchange=amq.fanout routing_key=two
a 1 does queue.bind queue=r exchange=amq.fanout
a 1 > basic.publish exchange=amq.fanout routing_key=any body="x"
a 1 does basic.get queue=q no_ack => message_count=0
a 1 does basic.get queue=r no_ack => message_count=0
a closes

scene "topic: # is any number of words, * is one"
a connects
a opens 1
a 1 does queue.declare queue=hash
a 1 does queue.declare queue=star
a 1 does queue.declare queue=tail
a 1 does queue.declare queue=head
a 1 does queue.declare queue=middle
a 1 does queue.bind queue=hash exchange=amq.topic routing_key="#"
a 1 does queue.bind queue=star exchange=amq.topic routing_key="*"
a 1 does queue.bind queue=tail exchange=amq.topic routing_key="a.#"
a 1 does queue.bind queue=head exchange=amq.topic routing_key="*.b"
a 1 does queue.bind queue=middle exchange=amq.topic routing_key="a.*.c"
a 1 > basic.publish exchange=amq.topic routing_key="" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="b" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a.b" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a..c" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a.b.c" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a.b.c.d" body="x"
a 1 does queue.declare queue=hash passive => message_count=7
a 1 does queue.declare queue=star passive => message_count=2
a 1 does queue.declare queue=tail passive => message_count=5
a 1 does queue.declare queue=head passive => message_count=1
a 1 does queue.declare queue=middle passive => message_count=2
a closes

scene "topic: # in the middle, and twice"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
a 1 does queue.bind queue=q exchange=amq.topic routing_key="a.#.z"
a 1 does queue.bind queue=r exchange=amq.topic routing_key="#.m.#"
a 1 > basic.publish exchange=amq.topic routing_key="a.z" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a.m.z" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="m" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a.m.m.n" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="a" body="x"
a 1 > basic.publish exchange=amq.topic routing_key="z" body="x"
a 1 does queue.declare queue=q passive => message_count=2
a 1 does queue.declare queue=r passive => message_count=3
a closes

scene "topic: a hundred and twenty # against a hundred and twenty words"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.topic routing_key="#"+119*".#"
a 1 does queue.bind queue=q exchange=amq.topic routing_key=119*"#."+"z"
a 1 > basic.publish exchange=amq.topic routing_key="a"+119*".a" body="x"
a 1 does basic.get queue=q no_ack => message_count=0
a closes

scene "topic: unbinding leaves the others alone"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.topic routing_key="a.b"
a 1 does queue.bind queue=q exchange=amq.topic routing_key="a.*"
a 1 does queue.unbind queue=q exchange=amq.topic routing_key="a.b"
a 1 > basic.publish exchange=amq.topic routing_key="a.b" body="x"
a 1 does basic.get queue=q no_ack => body="x"
a 1 does queue.unbind queue=q exchange=amq.topic routing_key="a.*"
a 1 > basic.publish exchange=amq.topic routing_key="a.b" body="x" mandatory
a 1 < basic.return reply_code=312
a closes

scene "headers: all, which is also the default"
a connects
a opens 1
a 1 does queue.declare queue=all
a 1 does queue.declare queue=default
a 1 does queue.bind queue=all exchange=amq.headers arguments={x-match: "all", colour: "red", size: 5}
a 1 does queue.bind queue=default exchange=amq.match arguments={colour: "red", size: 5}
a 1 > basic.publish exchange=amq.headers headers={colour: "red", size: 5, more: 1} body="x"
a 1 > basic.publish exchange=amq.headers headers={colour: "red", size: 6} body="x"
a 1 > basic.publish exchange=amq.headers headers={colour: "red"} body="x"
a 1 > basic.publish exchange=amq.headers body="x"
a 1 > basic.publish exchange=amq.match headers={colour: "red", size: l 5} body="x"
a 1 does queue.declare queue=all passive => message_count=1
a 1 does queue.declare queue=default passive => message_count=1
a closes

scene "headers: any"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.headers arguments={x-match: "any", colour: "red", size: 5}
a 1 > basic.publish exchange=amq.headers headers={colour: "blue", size: 5} body="1"
a 1 > basic.publish exchange=amq.headers headers={colour: "red"} body="2"
a 1 > basic.publish exchange=amq.headers headers={colour: "blue"} body="3"
a 1 > basic.publish exchange=amq.headers headers={size: "5"} body="4"
a 1 > basic.publish exchange=amq.headers body="5"
a 1 does basic.get queue=q no_ack => body="1"
a 1 does basic.get queue=q no_ack => body="2" message_count=0
a closes

scene "headers: a void value asks only whether the header is there"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.headers arguments={x-match: "all", colour: V}
a 1 > basic.publish exchange=amq.headers headers={colour: "any"} body="yes"
a 1 > basic.publish exchange=amq.headers headers={color: "any"} body="no"
a 1 does basic.get queue=q no_ack => body="yes" message_count=0
a closes

scene "headers: no arguments, all matches everything and any nothing"
a connects
a opens 1
a 1 does queue.declare queue=all
a 1 does queue.declare queue=any
a 1 does queue.bind queue=all exchange=amq.headers
a 1 does queue.bind queue=any exchange=amq.headers arguments={x-match: "any"}
a 1 > basic.publish exchange=amq.headers headers={a: 1} body="x"
a 1 > basic.publish exchange=amq.headers body="x"
a 1 does queue.declare queue=all passive => message_count=2
a 1 does queue.declare queue=any passive => message_count=0
a closes

scene "headers: keys that begin with x- count only with -with-x"
a connects
a opens 1
a 1 does queue.declare queue=without
a 1 does queue.declare queue=with
a 1 does queue.declare queue=any
a 1 does queue.bind queue=without exchange=amq.headers arguments={x-match: "all", x-a: 1, b: 2}
a 1 does queue.bind queue=with exchange=amq.headers arguments={x-match: "all-with-x", x-a: 1, b: 2}
a 1 does queue.bind queue=any exchange=amq.headers arguments={x-match: "any-with-x", x-a: 1}
a 1 > basic.publish exchange=amq.headers headers={b: 2} body="1"
a 1 > basic.publish exchange=amq.headers headers={b: 2, x-a: 1} body="2"
a 1 does queue.declare queue=without passive => message_count=2
a 1 does queue.declare queue=with passive => message_count=1
a 1 does queue.declare queue=any passive => message_count=1
a closes

# ---- exchange to exchange ----

scene "From exchange to exchange, each with its own rule"
a connects
a opens 1
a 1 does exchange.declare exchange=inner type=topic
a 1 does queue.declare queue=q
a 1 does exchange.bind destination=inner source=amq.direct routing_key=a.b
a 1 does queue.bind queue=q exchange=inner routing_key="a.*"
a 1 > basic.publish exchange=amq.direct routing_key=a.b body="x"
a 1 > basic.publish exchange=amq.direct routing_key=a.c body="y"
a 1 does basic.get queue=q no_ack => exchange=amq.direct routing_key=a.b body="x" message_count=0
a 1 does exchange.unbind destination=inner source=amq.direct routing_key=a.b
a 1 > basic.publish exchange=amq.direct routing_key=a.b body="x" mandatory
a 1 < basic.return reply_code=312
a closes

scene "Loops end, and many ways to a queue are one copy"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout
a 1 does exchange.declare exchange=y type=fanout
a 1 does exchange.declare exchange=z type=fanout
a 1 does queue.declare queue=q
a 1 does exchange.bind destination=y source=x
a 1 does exchange.bind destination=z source=x
a 1 does exchange.bind destination=z source=y
a 1 does exchange.bind destination=x source=z
a 1 does exchange.bind destination=x source=x
a 1 does queue.bind queue=q exchange=x
a 1 does queue.bind queue=q exchange=y
a 1 does queue.bind queue=q exchange=z
a 1 > basic.publish exchange=x body="x"
a 1 does basic.get queue=q no_ack => message_count=0
a 1 does exchange.delete exchange=y
a 1 > basic.publish exchange=z body="x"
a 1 does basic.get queue=q no_ack => message_count=0
a closes

scene "An internal exchange is reached through others only"
a connects
a opens 1
a 1 does exchange.declare exchange=inner type=fanout internal
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=inner
a 1 does exchange.bind destination=inner source=amq.fanout
a 1 > basic.publish exchange=amq.fanout body="x"
a 1 does basic.get queue=q no_ack => body="x"
a 1 > basic.publish exchange=inner body="x"
a 1 refused 403 "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost '/'" basic.publish
a closes

# ---- alternate exchange ----

scene "What finds no queue goes to the alternate exchange, and is not returned"
a connects
a opens 1
a 1 does exchange.declare exchange=spare type=fanout
a 1 does exchange.declare exchange=x type=direct arguments={alternate-exchange: "spare"}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=rest
a 1 does queue.bind queue=q exchange=x routing_key=k
a 1 does queue.bind queue=rest exchange=spare
a 1 > basic.publish exchange=x routing_key=k body="known"
a 1 > basic.publish exchange=x routing_key=other body="unknown" mandatory
a 1 < nothing
a 1 does basic.get queue=q no_ack => body="known" message_count=0
a 1 does basic.get queue=rest no_ack => exchange=x routing_key=other body="unknown" message_count=0
a closes

scene "Alternates of alternates, and a loop of them"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct arguments={alternate-exchange: "y"}
a 1 does exchange.declare exchange=y type=direct arguments={alternate-exchange: "z"}
a 1 does exchange.declare exchange=z type=direct arguments={alternate-exchange: "x"}
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=z routing_key=k
a 1 > basic.publish exchange=x routing_key=k body="through two"
a 1 > basic.publish exchange=x routing_key=none body="nowhere" mandatory
a 1 < basic.return reply_code=312 reply_text="NO_ROUTE" exchange=x routing_key=none body="nowhere"
a 1 does basic.get queue=q no_ack => body="through two" message_count=0
a closes

scene "An alternate that does not exist is none"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct arguments={alternate-exchange: "missing"}
a 1 > basic.publish exchange=x routing_key=k body="x" mandatory
a 1 < basic.return reply_code=312 reply_text="NO_ROUTE"
a closes
