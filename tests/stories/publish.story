# basic.publish, basic.return, and what a message carries.

scene "Every property and every kind of header comes back as it was sent"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="hello" content_type="text/plain" content_encoding="utf-8" headers={t: true, b: b -5, B: B 200, s: s -300, u: u 60000, I: I -70000, i: i 4000000000, l: l -5000000000, L: L 5, f: f 1.5, d: d 2.25, D: D 2/314, S: "text", A: [1, "two", [3]], T: T 1700000000, F: {inner: {deeper: V}}, V: V, x: x "\0\x01\xff"} delivery_mode=2 priority=9 correlation_id="c" reply_to="r" expiration="60000" message_id="m" timestamp=1700000000 type="kind" user_id="guest" app_id="app" cluster_id="cl"
a 1 does basic.get queue=q no_ack => body="hello" content_type="text/plain" content_encoding="utf-8" headers={t: true, b: b -5, B: B 200, s: s -300, u: u 60000, I: I -70000, i: i 4000000000, l: l -5000000000, L: L 5, f: f 1.5, d: d 2.25, D: D 2/314, S: "text", A: [1, "two", [3]], T: T 1700000000, F: {inner: {deeper: V}}, V: V, x: x "\0\x01\xff"} delivery_mode=2 priority=9 correlation_id="c" reply_to="r" expiration="60000" message_id="m" timestamp=1700000000 type="kind" user_id="guest" app_id="app" cluster_id="cl"
a closes

scene "What was not set stays absent"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q no_ack => content_type=absent headers=absent delivery_mode=absent priority=absent message_id=absent timestamp=absent
a 1 > basic.publish routing_key=q body="x" headers={} content_type=""
a 1 does basic.get queue=q no_ack => content_type="" headers={} delivery_mode=absent
a closes

scene "Bodies of no bytes"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body=""
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=0 message_id="second"
a 1 does basic.get queue=q no_ack => body="" message_id=absent
a 1 does basic.get queue=q no_ack => body="" message_id="second" message_count=0
a closes

scene "Bodies around the size of a frame"
a connects frame_max=4096
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body_bytes=4087
a 1 > basic.publish routing_key=q body_bytes=4088
a 1 > basic.publish routing_key=q body_bytes=4089
a 1 > basic.publish routing_key=q body_bytes=8176
a 1 > basic.publish routing_key=q body_bytes=100000
a 1 does basic.get queue=q no_ack => body_bytes=4087
a 1 does basic.get queue=q no_ack => body_bytes=4088
a 1 does basic.get queue=q no_ack => body_bytes=4089
a 1 does basic.get queue=q no_ack => body_bytes=8176
a 1 does basic.get queue=q no_ack => body_bytes=100000
a closes

scene "Each reader gets frames of the size it agreed on"
a connects frame_max=131072
a opens 1
b connects frame_max=4096
b opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body_bytes=200000
a 1 > basic.publish routing_key=q body_bytes=200000
b 1 does basic.get queue=q no_ack => body_bytes=200000
a 1 does basic.get queue=q no_ack => body_bytes=200000
a closes
b closes

scene "A body may come in frames of any size, empty ones too"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=10
a 1 > body ""
a 1 > body "0"
a 1 > body "12345678"
a 1 > body ""
a 1 > body "9"
a 1 does basic.get queue=q no_ack => body="0123456789"
a closes

scene "Contents of two channels may lie between each other"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q alone
a 2 > basic.publish routing_key=q alone
a 2 > header body_bytes=4 message_id="two"
a 1 > header body_bytes=4 message_id="one"
a 1 > body "on"
a 2 > body "tw"
a > heartbeat
a 2 > body "o!"
a 1 > body "e!"
a 1 does basic.get queue=q no_ack => body="two!" message_id="two"
a 1 does basic.get queue=q no_ack => body="one!" message_id="one"
a closes

scene "An exchange that does not exist"
a connects
a opens 1
a 1 > basic.publish exchange=x routing_key=k body="x"
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" basic.publish
a closes

scene "What follows on the channel is ignored then"
a connects
a opens 1 2
a 2 does queue.declare queue=q
a 1 > basic.publish exchange=x routing_key=k body="1"
a 1 > basic.publish exchange=x routing_key=k body="2"
a 1 > basic.publish routing_key=q body="3"
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" basic.publish
a 2 does queue.declare queue=q passive => message_count=0
a closes

scene "Without mandatory what finds no queue is dropped"
a connects
a opens 1
a 1 > basic.publish routing_key=nowhere body="x"
a 1 < nothing
a closes

scene "With mandatory it comes back whole"
a connects
a opens 1
a 1 > basic.publish exchange=amq.direct routing_key=nowhere mandatory body_bytes=300000 headers={a: 1} message_id="m"
a 1 < basic.return reply_code=312 reply_text="NO_ROUTE" exchange=amq.direct routing_key=nowhere body_bytes=300000 headers={a: 1} message_id="m"
a 1 > basic.publish routing_key=nowhere mandatory body=""
a 1 < basic.return reply_code=312 reply_text="NO_ROUTE" exchange="" routing_key=nowhere body=""
a closes

scene "immediate is not done"
a connects
a opens 1
a 1 > basic.publish routing_key=q immediate body="x"
a refused 540 "NOT_IMPLEMENTED - immediate=true" basic.publish

scene "Somebody else's user_id"
a connects
a opens 1
a 1 > basic.publish routing_key=q user_id="unknown" body="x"
a 1 refused 406 "PRECONDITION_FAILED - user_id property set to 'unknown' but authenticated user was 'guest'" basic.publish
a closes

scene "An expiration that is no number"
a connects
a opens 1
a 1 > basic.publish routing_key=q expiration="abc" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration 'abc': no_integer" basic.publish
a opens 1
a 1 > basic.publish routing_key=q expiration="10x" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration '10x': {leftover_string,\"x\"}" basic.publish
a opens 1
a 1 > basic.publish routing_key=q expiration="-1" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration '-1': {value_negative,-1}" basic.publish
a opens 1
a 1 > basic.publish routing_key=q expiration="99999999999999" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration '99999999999999': {value_too_large,99999999999999}" basic.publish
a opens 1
a 1 > basic.publish routing_key=q expiration="" body="x"
a 1 refused 406 "PRECONDITION_FAILED - invalid expiration '': no_integer" basic.publish
a closes

scene "A delivery mode nobody knows"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q delivery_mode=77 body="x"
a 1 does basic.get queue=q no_ack => delivery_mode=77 body="x"
a closes

scene "A message larger than the broker takes is refused at its header, and its body swallowed"
broker max_message_bytes=1000
a connects
a opens 1 2
a 2 does queue.declare queue=q
a 1 > basic.publish routing_key=q body_bytes=1000
a 1 > basic.publish routing_key=q body_bytes=1001
a 1 refused 406 "PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000" basic.publish
a 2 does basic.get queue=q no_ack => body_bytes=1000 message_count=0
a opens 1
a 1 does queue.declare queue=q passive
a closes
