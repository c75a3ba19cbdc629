# Further routing keys: the headers CC and BCC.

scene "CC goes where its keys lead, and is seen; BCC goes there too, and is not"
a connects
a opens 1
a 1 does queue.declare queue=to
a 1 does queue.declare queue=copy
a 1 does queue.declare queue=blind
a 1 > basic.publish routing_key=to headers={BCC: ["blind"], CC: ["copy"], a: 1} body="x"
a 1 does basic.get queue=to no_ack => routing_key=to headers={CC: ["copy"], a: 1} body="x"
a 1 does basic.get queue=copy no_ack => routing_key=to headers={CC: ["copy"], a: 1} body="x"
a 1 does basic.get queue=blind no_ack => routing_key=to headers={CC: ["copy"], a: 1} body="x"
a closes

scene "Each queue gets one copy, by however many keys"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.topic routing_key="a.*"
a 1 does queue.bind queue=q exchange=amq.topic routing_key="#.c"
a 1 > basic.publish exchange=amq.topic routing_key="a.b" headers={CC: ["a.c", "a.b", "c"], BCC: ["a.d"]} body="x"
a 1 does basic.get queue=q no_ack => message_count=0 body="x"
a closes

scene "Only what is a string counts as a key"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=nowhere headers={CC: [1, "q", true]} mandatory body="x"
a 1 does basic.get queue=q no_ack => body="x"
a closes

scene "A mandatory message that only a further key leads somewhere is not returned"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish exchange=amq.direct routing_key=k headers={BCC: ["l"]} mandatory body="x"
a 1 < basic.return reply_code=312 body="x" headers={}
a 1 does queue.bind queue=q exchange=amq.direct routing_key=l
a 1 > basic.publish exchange=amq.direct routing_key=k headers={BCC: ["l"]} mandatory body="y"
a 1 does basic.get queue=q no_ack => body="y"
a closes

scene "An alternate exchange is for what no key led anywhere"
a connects
a opens 1
a 1 does exchange.declare exchange=x type=direct arguments={alternate-exchange: "amq.fanout"}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=lost
a 1 does queue.bind queue=q exchange=x routing_key=k
a 1 does queue.bind queue=lost exchange=amq.fanout
a 1 > basic.publish exchange=x routing_key=nowhere headers={CC: ["k"]} body="1"
a 1 > basic.publish exchange=x routing_key=nowhere headers={CC: ["too"]} body="2"
a 1 does basic.get queue=q no_ack => message_count=0 body="1"
a 1 does basic.get queue=lost no_ack => message_count=0 body="2"
a closes

scene "They are arrays or nothing"
a connects
a opens 1
a 1 > basic.publish routing_key=q headers={CC: "q"} body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"CC\",longstr}" basic.publish
a opens 1
a 1 > basic.publish routing_key=q headers={BCC: true} body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"BCC\",bool}" basic.publish
a closes

scene "In a transaction, too"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does tx.select
a 1 > basic.publish routing_key=nowhere headers={BCC: ["q"]} persistent body="x"
a 1 does tx.commit
restart
a connects
a opens 1
a 1 does basic.get queue=q no_ack => headers={} body="x"
a closes

scene "The dead go by all the keys they were sent with"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "amq.direct"}
a 1 does queue.declare queue=one
a 1 does queue.declare queue=two
a 1 does queue.bind queue=one exchange=amq.direct routing_key=q
a 1 does queue.bind queue=two exchange=amq.direct routing_key=k
a 1 > basic.publish routing_key=q headers={CC: ["k"]} body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
a 1 does basic.get queue=one no_ack => body="x" headers~{CC: ["k"]}
a 1 does basic.get queue=two no_ack => body="x" headers~{CC: ["k"]}
a closes

scene "... unless their queue gives them one of its own"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "amq.direct", x-dead-letter-routing-key: "d"}
a 1 does queue.declare queue=one
a 1 does queue.declare queue=two
a 1 does queue.bind queue=one exchange=amq.direct routing_key=d
a 1 does queue.bind queue=two exchange=amq.direct routing_key=k
a 1 > basic.publish routing_key=q headers={CC: ["k"]} body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
a 1 does basic.get queue=one no_ack => body="x" headers~{x-last-death-reason: "rejected"}
a 1 > basic.get queue=two no_ack
a 1 < basic.get-empty
a closes
