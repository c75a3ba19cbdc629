# Contents that are wrong, from those who have logged in; one case a scene.

scene "content_type that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:8000ff61
a refused 501 "FRAME_ERROR…" basic.publish

scene "content_encoding that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:400005
a refused 501 "FRAME_ERROR…" basic.publish

scene "headers that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:200000000005
a refused 501 "FRAME_ERROR…" basic.publish

scene "delivery_mode that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:1000
a refused 501 "FRAME_ERROR…" basic.publish

scene "priority that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:0800
a refused 501 "FRAME_ERROR…" basic.publish

scene "correlation_id that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:04000261
a refused 501 "FRAME_ERROR…" basic.publish

scene "reply_to that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:0200
a refused 501 "FRAME_ERROR…" basic.publish

scene "expiration that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:01000931
a refused 501 "FRAME_ERROR…" basic.publish

scene "message_id that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:0080ff
a refused 501 "FRAME_ERROR…" basic.publish

scene "timestamp that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:004000000000000000
a refused 501 "FRAME_ERROR…" basic.publish

scene "type that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:002001
a refused 501 "FRAME_ERROR…" basic.publish

scene "user_id that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:0010
a refused 501 "FRAME_ERROR…" basic.publish

scene "app_id that is announced and cut short"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:00080a61
a refused 501 "FRAME_ERROR…" basic.publish

scene "Every property announced, none there"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:fffc
a refused 501 "FRAME_ERROR…" basic.publish

scene "The property that nobody defined"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:0002
a refused 501 "FRAME_ERROR…" basic.publish

scene "A header frame without flags"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"
a refused 501 "FRAME_ERROR…" basic.publish

scene "A header frame that ends within the size of the body"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c000000000000
a refused 501 "FRAME_ERROR…" basic.publish

scene "A header of class 0"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header class=0 body_bytes=1
a refused 505 "UNEXPECTED_FRAME - expected content header for class 60, got one for class 0 instead" basic.publish

scene "The largest body a header can announce"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=0xffffffffffffffff
a refused 501 "FRAME_ERROR - content body size 18446744073709551615 exceeds maximum allowed size 536870912" basic.publish

scene "A second publish where the header should be"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > basic.publish routing_key=q alone
a refused 505 "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead" basic.publish

scene "A second publish where the body should be"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > basic.publish routing_key=q alone
a refused 505 "UNEXPECTED_FRAME - expected content body, got non content body frame instead" basic.publish

scene "A heartbeat on the channel where the body should be"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a 1 > heartbeat
a refused 505 "UNEXPECTED_FRAME - type 8…" none

scene "Body frames on channel 0"
a connects
a > body "x"
a refused 505 "UNEXPECTED_FRAME - expected method frame, got non method frame instead" none

scene "A body on another channel than its header"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=5
a opens 2
a 2 > body "12345"
a refused 505 "UNEXPECTED_FRAME - expected method frame, got non method frame instead" none

scene "A body frame larger than agreed"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=200000
a 1 > body 131073*"x"
a refused 501 "FRAME_ERROR - type 3, frame too large: 131073 bytes of payload, 131064 allowed" none

scene "A heartbeat amid a content is nothing"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q alone
a > heartbeat
a 1 > header body_bytes=5
a > heartbeat
a 1 > body "12345"
a > heartbeat
a 1 does basic.get queue=q no_ack => body="12345"
a closes

scene "A body byte by byte is a body"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=50
repeat 50
a 1 > body "x"
end
a 1 does basic.get queue=q no_ack => body=50*"x"
a closes

scene "The channel dies under a content, and lives again"
a connects
a opens 1
a 1 > basic.publish exchange=missing routing_key=q alone
a 1 > header body_bytes=10
a 1 > body "12345"
a 1 > body "67890"
a 1 refused 404 "NOT_FOUND - no exchange 'missing' in vhost '/'" basic.publish
a opens 1
a closes

scene "Headers of a type nobody knows"
a connects
a opens 1
a 1 > basic.publish routing_key=q headers="\x01aZ" body="x"
a refused 501 "FRAME_ERROR…" basic.publish

scene "Headers cut within a number"
a connects
a opens 1
a 1 > basic.publish routing_key=q headers="\x01aI\0\0" body="x"
a refused 501 "FRAME_ERROR…" basic.publish

scene "Headers with an array of a type nobody knows"
a connects
a opens 1
a 1 > basic.publish routing_key=q headers="\x01aA\0\0\0\x01Z" body="x"
a refused 501 "FRAME_ERROR…" basic.publish

scene "Headers whose key is longer than they are"
a connects
a opens 1
a 1 > basic.publish routing_key=q headers="\xffa" body="x"
a refused 501 "FRAME_ERROR…" basic.publish

scene "Headers nested a hundred deep"
a connects
a opens 1
a 1 > basic.publish routing_key=q headers=nested:100 body="x"
a refused 501 "FRAME_ERROR…" basic.publish
