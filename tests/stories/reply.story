# Direct reply-to: answers without a queue.

scene "A question, and its answer"
a connects
a opens 1
b connects
b opens 1
b 1 does queue.declare queue=questions
b 1 does basic.consume queue=questions consumer_tag=server no_ack
a 1 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=client no_ack => consumer_tag=client
a 1 > basic.publish routing_key=questions reply_to="amq.rabbitmq.reply-to" correlation_id="7" body="how much?"
b 1 < basic.deliver body="how much?" correlation_id="7" reply_to=$where
b 1 > basic.publish routing_key=$where correlation_id="7" body="forty-two"
a 1 < basic.deliver consumer_tag=client delivery_tag=1 redelivered=0 exchange="" routing_key=$where correlation_id="7" body="forty-two"
b 1 does queue.declare queue=$where passive => message_count=0 consumer_count=1
a closes
b 1 > queue.declare queue=$where passive
b 1 refused 404 "NOT_FOUND - no queue 'amq.rabbitmq.reply-to…" queue.declare
b closes

scene "Other properties and the body come through as they were"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=amq.rabbitmq.reply-to no_ack
a 1 > basic.publish routing_key=q reply_to="amq.rabbitmq.reply-to" content_type="text/plain" headers={a: 1} priority=3 message_id="m" body="hello"
a 1 does basic.get queue=q no_ack => content_type="text/plain" headers={a: 1} priority=3 message_id="m" reply_to~"amq.rabbitmq.reply-to." body="hello"
a closes

scene "A mandatory answer counts as routed, and that it is persistent changes nothing"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c no_ack
a 1 > basic.publish routing_key=q reply_to="amq.rabbitmq.reply-to" body="x"
a 1 does basic.get queue=q no_ack => reply_to=$where
a 2 > basic.publish routing_key=$where body="y" persistent mandatory
a 1 < basic.deliver consumer_tag=c body="y" delivery_mode=2
a 2 < nothing
a closes

scene "Another reply-to is only carried"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q reply_to="somewhere" body="x"
a 1 does basic.get queue=q no_ack => reply_to="somewhere"
a closes

scene "Acks there are none"
a connects
a opens 1
a 1 > basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c
a 1 refused 406 "PRECONDITION_FAILED - reply consumer cannot acknowledge" basic.consume
a closes

scene "One for a channel"
a connects
a opens 1 2
a 1 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c no_ack
a 2 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c no_ack
a 1 > basic.consume queue=amq.rabbitmq.reply-to consumer_tag=d no_ack
a 1 refused 406 "PRECONDITION_FAILED - reply consumer already set" basic.consume
a closes

scene "Its tag is a tag like others"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c no_ack
a 1 > basic.consume queue=q consumer_tag=c
a refused 530 "NOT_ALLOWED - attempt to reuse consumer tag 'c'" basic.consume

scene "Nobody asks who does not listen"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q reply_to="amq.rabbitmq.reply-to" body="x"
a 1 refused 406 "PRECONDITION_FAILED - fast reply consumer does not exist" basic.publish
a opens 1
a 1 does queue.declare queue=q passive => message_count=0
a 1 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c no_ack
a 1 does basic.cancel consumer_tag=c
a 1 > basic.publish routing_key=q reply_to="amq.rabbitmq.reply-to" body="x"
a 1 refused 406 "PRECONDITION_FAILED - fast reply consumer does not exist" basic.publish
a closes

scene "An answer to nobody is dropped, and confirmed"
a connects
a opens 1
a 1 does confirm.select
a 1 > basic.publish routing_key="amq.rabbitmq.reply-to.AAAAAAAAAAAAAAAAAAAAAA" body="x"
a 1 confirmed 1
a 1 does queue.declare queue=amq.rabbitmq.reply-to passive => consumer_count=1
a closes

scene "An answer in a transaction comes with the commit"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c no_ack
a 1 > basic.publish routing_key=q reply_to="amq.rabbitmq.reply-to" body="x"
a 1 does basic.get queue=q no_ack => reply_to=$where
a 2 does tx.select
a 2 > basic.publish routing_key=$where body="later"
a 1 < nothing
a 2 does tx.commit
a 1 < basic.deliver consumer_tag=c body="later"
a closes

scene "The end of the channel is the end of its name"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=amq.rabbitmq.reply-to consumer_tag=c no_ack
a 1 > basic.publish routing_key=q reply_to="amq.rabbitmq.reply-to" body="x"
a 1 does basic.get queue=q no_ack => reply_to=$where
a 1 does channel.close
a opens 1
a 1 > basic.publish routing_key=$where body="too late"
a 1 > queue.declare queue=$where
a 1 refused 404 "NOT_FOUND…" queue.declare
a closes
