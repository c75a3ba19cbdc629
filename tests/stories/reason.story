# publisher_nack_reason: a client that can hear it is told why its publish is nacked.

scene "The server says that it can"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start server_properties~{capabilities: {publisher_nack_reason: true}}
a leaves

scene "What a queue refuses comes back with the queue and its limit, ahead of the nack"
a connects with=publisher_nack_reason
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 > basic.publish routing_key=q body="first"
a 1 confirmed 1
a 1 > basic.publish routing_key=q body="second" message_id="m2" headers={k: "v", x-reject-queue: "mine"}
a 1 < basic.return reply_code=311 reply_text="no room in queue 'q': max-length is 1" exchange="" routing_key="q" body="second" message_id="m2" headers={k: "v", x-reject-queue: "q", x-reject-reason: "maxlen", x-reject-tag: l 2}
a 1 < basic.nack delivery_tag=2
a 1 > basic.publish routing_key=q body="third"
a 1 < basic.return reply_code=311 body="third" headers={x-reject-queue: "q", x-reject-reason: "maxlen", x-reject-tag: l 3}
a 1 < basic.nack delivery_tag=3
a 1 does basic.get queue=q no_ack => body="first" headers=absent
a 1 > basic.publish routing_key=q body="fourth"
a 1 confirmed 4
a closes

scene "By bytes, and with others that take it"
a connects with=publisher_nack_reason
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q arguments={x-max-length-bytes: 10, x-overflow: "reject-publish"}
a 1 does queue.declare queue=r
a 1 does queue.bind queue=q exchange="amq.fanout"
a 1 does queue.bind queue=r exchange="amq.fanout"
a 1 > basic.publish exchange="amq.fanout" routing_key=k body_bytes=11
a 1 < basic.return reply_code=311 reply_text="no room in queue 'q': max-length-bytes is 10" exchange="amq.fanout" routing_key="k" headers~{x-reject-queue: "q"}
a 1 < basic.nack delivery_tag=1
a 1 does basic.get queue=r no_ack => body_bytes=11 headers=absent
a 1 > basic.publish exchange="amq.fanout" routing_key=k body_bytes=10000
a 1 < basic.return reply_code=311 body_bytes=10000
a 1 < basic.nack delivery_tag=2
a closes

scene "Without the capability, or without confirms, nothing comes back"
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q arguments={x-max-length: 0, x-overflow: "reject-publish"}
a 1 > basic.publish routing_key=q body="x"
a 1 < basic.nack delivery_tag=1
b connects with=publisher_nack_reason
b opens 1
b 1 > basic.publish routing_key=q body="x"
b 1 does queue.declare queue=q passive => message_count=0
b 1 < nothing
a closes
b closes

scene "Unroutable, where that is nacked: 312, once"
ctl set_policy p "^x$" "{\"unroutable\":\"nack\"}" --apply-to exchanges
a connects with=publisher_nack_reason
a opens 1
a 1 does confirm.select
a 1 does exchange.declare exchange=x type="direct"
a 1 > basic.publish exchange=x routing_key=k body="one"
a 1 < basic.return reply_code=312 reply_text="NO_ROUTE" body="one" headers=absent
a 1 < basic.nack delivery_tag=1
a 1 > basic.publish exchange=x routing_key=k body="two" mandatory
a 1 < basic.return reply_code=312 body="two"
a 1 < basic.nack delivery_tag=2
a 1 > basic.publish routing_key=nowhere body="three"
a 1 confirmed 3
a closes

scene "A header that could not be sent with more in it comes back as it was"
a connects with=publisher_nack_reason frame_max=4096
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q arguments={x-max-length: 0, x-overflow: "reject-publish"}
a 1 > basic.publish routing_key=q body="x" headers="\x03bigS\0\0\x0f\xc8"+4040*"x"
a 1 < basic.return reply_code=311 headers="\x03bigS\0\0\x0f\xc8"+4040*"x"
a 1 < basic.nack delivery_tag=1
a closes
