# Frames and contents as they should not be.  What is wrong with a frame ends the connection.

scene "An end octet that is none"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0014000a00 end=0
a refused 501 "FRAME_ERROR - type 1, invalid frame end marker" none

scene "Types nobody knows, on a channel and on none"
a connects
a opens 1
a 1 sends-frame type=9 payload="x"
a refused 501 "FRAME_ERROR - unknown frame type 9" none
a connects
a sends-frame type=4 payload="x"
a refused 501 "FRAME_ERROR - unknown frame type 4" none

scene "The protocol header again"
a connects
a sends "AMQP\0\0\x09\x01"
a refused 501 "FRAME_ERROR - unknown frame type 65" none

scene "A frame larger than agreed"
a connects frame_max=4096
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=6000
a 1 > body 5096*"x"
a refused 501 "FRAME_ERROR - type 3, frame too large: 5096 bytes of payload, 4088 allowed" none

scene "Eight bytes over are forgiven, nine are not"
a connects frame_max=4096
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=4096
a 1 > body 4096*"x"
a 1 does basic.get queue=q no_ack => body=4096*"x"
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=4097
a 1 > body 4097*"x"
a refused 501 "FRAME_ERROR - type 3, frame too large: 4097 bytes of payload, 4088 allowed" none

scene "A content header larger than agreed"
a connects frame_max=4096
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=1 headers="\x04longS\0\0\x13\x88"+5000*"x"
a refused 501 "FRAME_ERROR - type 2, frame too large…" none

scene "A frame that claims to have four gigabytes"
a connects
a opens 1
a 1 sends-frame type=3 size=0xFFFFFFFF payload=""
a refused 501 "FRAME_ERROR - type 3, frame too large: 4294967295 bytes of payload, 131064 allowed" none

scene "The close comes through in the middle of a publish"
a connects frame_max=4096
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=1000000
repeat 20
a 1 > body 4000*"x"
end
a 1 > body 9000*"x"
a 1 > body 4000*"x"
a 1 > body 4000*"x"
a < connection.close reply_code=501
a > connection.close-ok
a closed

scene "A method frame of two bytes"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0032
a refused 501 "FRAME_ERROR - method frame of 2 bytes" none

scene "Arguments cut short, and too many"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0032000a000005+"abc"
a refused 501 "FRAME_ERROR…" queue.declare
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0014002801ff
a refused 501 "FRAME_ERROR…" channel.close
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:00140014010000000000
a refused 501 "FRAME_ERROR…" channel.flow

scene "Arguments with a table that is none"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aZ"
a refused 501 "FRAME_ERROR…" queue.declare
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aS\0\0\x0f\xffx"
a refused 501 "FRAME_ERROR…" queue.declare
a connects
a opens 1
a 1 > queue.declare queue=q arguments=nested:32
a refused 501 "FRAME_ERROR…" queue.declare
a connects
a opens 1
a 1 > queue.declare queue=q arguments=nested:512
a refused 501 "FRAME_ERROR…" queue.declare

scene "Tables 32 deep are tables"
a connects
a opens 1
a 1 does queue.declare queue=q arguments=nested:31
a 1 > basic.publish routing_key=q headers=nested:31 body="x"
a 1 does basic.get queue=q no_ack => headers=nested:31
a closes

# ---- contents ----

scene "A header, or a body, without a method"
a connects
a opens 1
a 1 > header body_bytes=1
a refused 505 "UNEXPECTED_FRAME - expected method frame, got non method frame instead" none
a connects
a opens 1
a 1 > body "x"
a refused 505 "UNEXPECTED_FRAME - expected method frame, got non method frame instead" none

scene "Content on channel 0"
a connects
a > header body_bytes=1
a refused 505 "UNEXPECTED_FRAME - expected method frame, got non method frame instead" none

scene "A method where the header should be"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > queue.declare queue=q
a refused 505 "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead" basic.publish

scene "A body where the header should be"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > body "x"
a refused 505 "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead" basic.publish

scene "A header of another class"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header class=50 body_bytes=1
a refused 505 "UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead" basic.publish

scene "A header with a weight"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header weight=1 body_bytes=1
a refused 505 "UNEXPECTED_FRAME…" basic.publish

scene "A method, a second header, a channel.close where the body should be"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > queue.declare queue=q
a refused 505 "UNEXPECTED_FRAME - expected content body, got non content body frame instead" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > header body_bytes=5
a refused 505 "UNEXPECTED_FRAME - expected content body, got non content body frame instead" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > body "abc"
a 1 > channel.close reply_code=200
a refused 505 "UNEXPECTED_FRAME - expected content body, got non content body frame instead" basic.publish

scene "Goodbye amid a content"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > body "abc"
a closes

scene "A body longer than announced"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > body "123456"
a refused 501 "FRAME_ERROR - content body frame exceeds remaining content size" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > body "1234"
a 1 > body "56"
a refused 501 "FRAME_ERROR - content body frame exceeds remaining content size" basic.publish

scene "A body after a body of no bytes"
a connects
a opens 1
a 1 > basic.publish routing_key=nowhere body=""
a 1 > body "x"
a refused 505 "UNEXPECTED_FRAME - expected method frame, got non method frame instead" none

scene "Bodies larger than anything"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=0x8000000000000000
a refused 501 "FRAME_ERROR - content body size 9223372036854775808 exceeds maximum allowed size 536870912" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=629145600
a refused 501 "FRAME_ERROR - content body size 629145600 exceeds maximum allowed size 536870912" basic.publish

scene "A body larger than the broker takes: the channel, and at its header"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=200000000
a 1 refused 406 "PRECONDITION_FAILED - message size 200000000 is larger than configured max size 16777216" basic.publish
a closes

scene "Empty body frames, sixteen in a row at most"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=2
repeat 16
a 1 > body ""
end
a 1 > body "1"
repeat 16
a 1 > body ""
end
a 1 > body "2"
a 1 does basic.get queue=q no_ack => body="12"
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=2
repeat 17
a 1 > body ""
end
a refused 501 "FRAME_ERROR - more than 16 empty body frames in a row" basic.publish

scene "A property that is announced and missing, and bytes left over"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:8000
a refused 501 "FRAME_ERROR…" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5 persistent tail=hex:00
a refused 501 "FRAME_ERROR…" basic.publish

scene "The continuation bit of the property flags"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:00010000
a refused 501 "FRAME_ERROR…" basic.publish

scene "A header frame cut to pieces"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c
a refused 501 "FRAME_ERROR…" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=""
a refused 501 "FRAME_ERROR…" basic.publish

scene "Headers of a type nobody knows, longer than the frame, too deep"
a connects
a opens 1
a 1 > basic.publish routing_key=q headers="\x01aZ" body="x"
a refused 501 "FRAME_ERROR…" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q headers="\x01aS\xff\xff\xff\xffx" body="x"
a refused 501 "FRAME_ERROR…" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q headers=nested:512 body="x"
a refused 501 "FRAME_ERROR…" basic.publish
a connects
a opens 1
a 1 > basic.publish routing_key=q headers=nested:20000 body="x"
a refused 501 "FRAME_ERROR…" basic.publish

scene "Odd values that are values"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q headers="\x01ad"+hex:7ff8000000000001+"\x01bD"+hex:ff00000001+"\x01ct"+hex:02 body="x"
a 1 does basic.get queue=q no_ack => headers="\x01ad"+hex:7ff8000000000001+"\x01bD"+hex:ff00000001+"\x01ct"+hex:02
a closes

scene "A key twice: bytes as they came, and the last one counts"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.bind queue=q exchange=amq.headers arguments={a: 2}
a 1 > basic.publish exchange=amq.headers headers={a: 1, a: 2} body="x"
a 1 > basic.publish exchange=amq.headers headers={a: 2, a: 1} body="y"
a 1 does basic.get queue=q no_ack => headers={a: 1, a: 2} body="x" message_count=0
a closes
