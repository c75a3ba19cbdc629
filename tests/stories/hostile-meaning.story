# Requests that are well formed and make no sense; one case a scene.  The channel pays for them, or
# the connection, and a new channel is as good as the first.

scene "x-message-ttl below zero"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-message-ttl: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a closes

scene "x-message-ttl that is a text"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-message-ttl: "10"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a closes

scene "x-expires below zero"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-expires: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-expires' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a closes

scene "x-expires that is a text"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-expires: "10"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-expires' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a closes

scene "x-max-length below zero"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-length: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a closes

scene "x-max-length that is a text"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-length: "10"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a closes

scene "x-max-length-bytes below zero"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-length-bytes: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-length-bytes' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a closes

scene "x-max-length-bytes that is a text"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-length-bytes: "10"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-length-bytes' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a closes

scene "x-expires of zero"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-expires: 0}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-expires' for queue 'q' in vhost '/': {value_zero,0}" queue.declare
a closes

scene "x-message-ttl beyond all years"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-message-ttl: l 99999999999999}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'q' in vhost '/': {value_too_large,99999999999999}" queue.declare
a closes

scene "x-expires beyond all years"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-expires: l 99999999999999}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-expires' for queue 'q' in vhost '/': {value_too_large,99999999999999}" queue.declare
a closes

scene "x-max-priority above 255"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-priority: 300}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue 'q' in vhost '/': {max_value_exceeded,300}" queue.declare
a closes

scene "x-max-priority below zero"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-priority: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a closes

scene "x-max-priority that is a text"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-priority: "5"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a closes

scene "x-dead-letter-exchange that is a number"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-dead-letter-exchange: 5}
a 1 refused 406 "PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'" queue.declare
a closes

scene "x-dead-letter-routing-key without an exchange"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-dead-letter-routing-key: "k"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-dead-letter-routing-key' for queue 'q' in vhost '/': routing_key_but_no_dlx_defined" queue.declare
a closes

scene "A dead letter could not have a key of 256 bytes, nor an exchange have such a name"
a connects
a opens 1 2
a 1 > queue.declare queue=q arguments="\x16x-dead-letter-exchangeS\0\0\0\0\x19x-dead-letter-routing-keyS\0\0\x01\0"+256*"k"
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-dead-letter-routing-key' for queue 'q' in vhost '/': {too_long,256}" queue.declare
a 2 > queue.declare queue=q arguments="\x16x-dead-letter-exchangeS\0\0\x01\0"+256*"x"
a 2 refused 406 "PRECONDITION_FAILED - invalid arg 'x-dead-letter-exchange' for queue 'q' in vhost '/': {too_long,256}" queue.declare
a opens 1
a 1 does queue.declare queue=q arguments="\x16x-dead-letter-exchangeS\0\0\0\0\x19x-dead-letter-routing-keyS\0\0\0\xff"+255*"k"
a 1 does queue.declare queue=255*"k"
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.get queue=q
a 1 < basic.get-ok
a 1 > basic.reject delivery_tag=1
a 1 > basic.get queue=255*"k" no_ack
a 1 < basic.get-ok routing_key=255*"k" body="x"
a closes

scene "A message with as many headers as there may be has no room for its death: it is gone"
a connects
a opens 1
a 1 does queue.declare queue=d
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "d"}
a 1 > basic.publish routing_key=q headers=4096*"\x01kt\x01" body="full"
a 1 > basic.publish routing_key=q headers=4000*"\x01kt\x01" body="not full"
a 1 > basic.get queue=q
a 1 < basic.get-ok body="full"
a 1 > basic.get queue=q
a 1 < basic.get-ok body="not full"
a 1 > basic.nack delivery_tag=2 multiple
a 1 > basic.get queue=d no_ack
a 1 < basic.get-ok body="not full" message_count=0
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "Arguments as deep as there may be are not told of in events, nor such headers by the firehose"
a connects
a opens 1 2
a 1 does queue.declare queue=t
a 1 does queue.bind queue=t exchange=amq.rabbitmq.trace routing_key="#"
a 1 does queue.declare queue=e
a 1 does queue.bind queue=e exchange=amq.rabbitmq.event routing_key="queue.created"
ctl trace_on
a 2 does queue.declare queue=deep arguments=nested:31
a 2 does queue.declare queue=flat
a 2 > basic.publish routing_key=flat headers=nested:31 body="deep"
a 1 > basic.get queue=e no_ack
a 1 < basic.get-ok headers~{name: "flat"} message_count=0
a 1 > basic.get queue=t no_ack
a 1 < basic.get-ok routing_key="publish." body="deep" headers~{routed_queues: ["flat"], properties: {}} message_count=1
a 1 > basic.get queue=t no_ack
a 1 < basic.get-ok routing_key="deliver.e" message_count=0
ctl trace_off
a closes

scene "x-overflow of a kind nobody knows"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-overflow: "nope"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-overflow' for queue 'q' in vhost '/': invalid_overflow" queue.declare
a closes

scene "x-queue-mode of a kind nobody knows"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-queue-mode: "nope"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-mode' for queue 'q' in vhost '/': \"unsupported queue mode 'nope'\"" queue.declare
a closes

scene "x-single-active-consumer that is a text"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-single-active-consumer: "yes"}
a 1 < channel.close reply_code=406 reply_text="PRECONDITION_FAILED - invalid arg 'x-single-active-consumer'…"
a 1 > channel.close-ok
a closes

scene "A stream that is exclusive"
a connects
a opens 1
a 1 > queue.declare queue=q durable exclusive arguments={x-queue-type: "stream"}
a 1 < channel.close reply_code=406
a 1 > channel.close-ok
a closes

scene "An ack of the largest tag"
a connects
a opens 1
a 1 > basic.ack delivery_tag=0xffffffffffffffff
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 18446744073709551615" basic.ack
a closes

scene "A nack of the largest tag and all below"
a connects
a opens 1
a 1 > basic.nack delivery_tag=0xffffffffffffffff multiple
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 18446744073709551615" basic.nack
a closes

scene "A reject of tag zero"
a connects
a opens 1
a 1 > basic.reject delivery_tag=0
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 0" basic.reject
a closes

scene "An ack of all when there are none"
a connects
a opens 1
a 1 > basic.ack multiple
a 1 does queue.declare queue=q
a 1 does queue.delete queue=q
a closes

scene "qos with the largest numbers"
a connects
a opens 1
a 1 does basic.qos prefetch_count=65535 global
a 1 > basic.qos prefetch_size=0xffffffff
a refused 540 "NOT_IMPLEMENTED - prefetch_size!=0 (4294967295)" basic.qos

scene "A consumer tag of 255 bytes"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=255*"t"
a 1 does basic.cancel consumer_tag=255*"t"
a closes

scene "A consumer priority that is a text"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.consume queue=q arguments={x-priority: "high"}
a 1 < channel.close reply_code=406 reply_text="PRECONDITION_FAILED - invalid arg 'x-priority'…"
a 1 > channel.close-ok
a closes

scene "Publishing to a name of 255 bytes that is none"
a connects
a opens 1
a 1 > basic.publish exchange=255*"x" body="x"
a 1 < channel.close reply_code=404 reply_text="NOT_FOUND - no exchange 'xxxx…"
a 1 > channel.close-ok
a closes

scene "An expiration that is a negative text"
a connects
a opens 1
a 1 > basic.publish routing_key=q expiration="-5" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration '-5': {value_negative,-5}" basic.publish
a closes

scene "An expiration in hexadecimal"
a connects
a opens 1
a 1 > basic.publish routing_key=q expiration="0x10" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration '0x10': {leftover_string,\"x10\"}" basic.publish
a closes

scene "An expiration with a blank before it"
a connects
a opens 1
a 1 > basic.publish routing_key=q expiration=" 10" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration ' 10': no_integer" basic.publish
a closes

scene "An expiration with a fraction"
a connects
a opens 1
a 1 > basic.publish routing_key=q expiration="1.5" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration '1.5': {leftover_string,\".5\"}" basic.publish
a closes

scene "An exchange without a type"
a connects
a opens 1
a 1 > exchange.declare exchange=x
a 1 < channel.close reply_code=406
a 1 > channel.close-ok
a closes

scene "An exchange type of 255 bytes"
a connects
a opens 1
a 1 > exchange.declare exchange=x type=255*"t"
a 1 < channel.close reply_code=406 reply_text="PRECONDITION_FAILED - unknown exchange type 'tttt…"
a 1 > channel.close-ok
a closes

scene "A headers binding whose x-match is a number"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.bind queue=q exchange=amq.headers arguments={x-match: 5}
a 1 < channel.close reply_code=406
a 1 > channel.close-ok
a closes

scene "Binding to the default exchange"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.bind queue=q routing_key=k
a 1 refused 403 "ACCESS_REFUSED - operation not permitted on the default exchange" queue.bind
a closes

scene "The routing key of a message may be any bytes"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 > basic.publish exchange=amq.fanout routing_key="\xff\xfe" body="x"
a 1 does queue.purge queue=q => message_count=1
a closes

scene "An exchange name that is not UTF-8"
a connects
a opens 1
a 1 > basic.publish exchange="\xff\xfe" body="x"
a refused 501 "FRAME_ERROR - Malformed UTF-8 in shortstr" none

scene "A consumer tag that is not UTF-8"
a connects
a opens 1
a 1 > basic.consume queue=q consumer_tag="\xff\xfe"
a refused 501 "FRAME_ERROR - Malformed UTF-8 in shortstr" none

scene "Deleting what is reserved"
a connects
a opens 1
a 1 > queue.delete queue="amq.none"
a 1 < queue.delete-ok
a closes

scene "Purging nothing"
a connects
a opens 1
a 1 > queue.purge
a 1 refused 404 "NOT_FOUND - no previously declared queue" queue.purge
a closes

scene "Get from a queue without a name"
a connects
a opens 1
a 1 > basic.get
a 1 refused 404 "NOT_FOUND - no previously declared queue" basic.get
a closes

scene "Consume from a queue without a name"
a connects
a opens 1
a 1 > basic.consume
a 1 refused 404 "NOT_FOUND - no previously declared queue" basic.consume
a closes

scene "A new secret"
a connects
a opens 1
a > connection.update-secret new_secret="guest" reason="why not"
a < connection.update-secret-ok
a closes
