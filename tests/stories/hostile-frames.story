# Frames and methods from those who have logged in and mean harm; one case a scene.

scene "A frame of type 0"
a connects
a opens 1
a 1 sends-frame type=0 payload="x"
a refused 501 "FRAME_ERROR - unknown frame type 0" none

scene "A frame of type 5"
a connects
a opens 1
a 1 sends-frame type=5 payload="x"
a refused 501 "FRAME_ERROR - unknown frame type 5" none

scene "A frame of type 7"
a connects
a opens 1
a 1 sends-frame type=7 payload="x"
a refused 501 "FRAME_ERROR - unknown frame type 7" none

scene "A frame of type 255"
a connects
a opens 1
a 1 sends-frame type=255 payload="x"
a refused 501 "FRAME_ERROR - unknown frame type 255" none

scene "An end octet that is none, behind a content header"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 sends-frame type=2 payload=hex:003c0000+"\0\0\0\0\0\0\0\x05"+hex:0000 end=0xCD
a refused 501 "FRAME_ERROR - type 2, invalid frame end marker" none

scene "An end octet that is none, behind a body"
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=3
a 1 sends-frame type=3 payload="abc" end=0xFF
a refused 501 "FRAME_ERROR - type 3, invalid frame end marker" none

scene "An end octet that is none, behind a heartbeat"
a connects
a sends-frame type=8 end=0
a refused 501 "FRAME_ERROR - type 8, invalid frame end marker" none

scene "A method frame of 0 bytes"
a connects
a opens 1
a 1 sends-frame type=1 payload=""
a refused 501 "FRAME_ERROR - method frame of 0 bytes" none

scene "A method frame of 1 bytes"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:32
a refused 501 "FRAME_ERROR - method frame of 1 bytes" none

scene "A method frame of 3 bytes"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003200
a refused 501 "FRAME_ERROR - method frame of 3 bytes" none

scene "One byte more than a frame may have"
a connects
a opens 1
a 1 sends-frame type=1 payload=131073*"x"
a refused 501 "FRAME_ERROR - type 1, frame too large: 131073 bytes of payload, 131064 allowed" none

scene "A frame of two gigabytes of which nothing comes"
a connects
a opens 1
a 1 sends-frame type=2 size=0x7fffffff
a refused 501 "FRAME_ERROR - type 2, frame too large: 2147483647 bytes of payload, 131064 allowed" none

scene "A method of class 0"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:00000000
a refused 540 "NOT_IMPLEMENTED - unimplemented method"

scene "The last class and method there could be"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:ffffffff
a refused 540 "NOT_IMPLEMENTED - unimplemented method"

# ---- methods where they do not belong ----

scene "connection.open on a channel"
a connects
a opens 1
a 1 > connection.open virtual_host="/"
a refused 503 "COMMAND_INVALID - unimplemented method" connection.open

scene "connection.start-ok on a channel"
a connects
a opens 1
a 1 > connection.start-ok mechanism="PLAIN"
a refused 503 "COMMAND_INVALID - unimplemented method" connection.start-ok

scene "connection.tune-ok on a channel"
a connects
a opens 1
a 1 > connection.tune-ok
a refused 503 "COMMAND_INVALID - unimplemented method" connection.tune-ok

scene "connection.close on a channel"
a connects
a opens 1
a 1 > connection.close reply_code=200
a refused 503 "COMMAND_INVALID - unimplemented method" connection.close

scene "connection.close-ok on a channel"
a connects
a opens 1
a 1 > connection.close-ok
a refused 503 "COMMAND_INVALID - unimplemented method" connection.close-ok

scene "channel.close on channel 0"
a connects
a > channel.close reply_code=200
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" channel.close

scene "channel.flow on channel 0"
a connects
a > channel.flow active
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" channel.flow

scene "queue.declare on channel 0"
a connects
a > queue.declare queue=q
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" queue.declare

scene "exchange.declare on channel 0"
a connects
a > exchange.declare exchange=x type=direct
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" exchange.declare

scene "basic.consume on channel 0"
a connects
a > basic.consume queue=q
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" basic.consume

scene "basic.ack on channel 0"
a connects
a > basic.ack delivery_tag=1
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" basic.ack

scene "basic.publish on channel 0"
a connects
a > basic.publish routing_key=q alone
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" basic.publish

scene "tx.select on channel 0"
a connects
a > tx.select
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" tx.select

scene "confirm.select on channel 0"
a connects
a > confirm.select
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" confirm.select

scene "connection.open a second time"
a connects
a > connection.open virtual_host="/"
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" connection.open

scene "connection.start-ok a second time"
a connects
a > connection.start-ok mechanism="PLAIN"
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" connection.start-ok

scene "connection.tune-ok a second time"
a connects
a > connection.tune-ok
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" connection.tune-ok

scene "channel.open-ok from a client"
a connects
a opens 1
a 1 > channel.open-ok
a refused 503 "COMMAND_INVALID - unimplemented method" channel.open-ok

scene "exchange.declare-ok from a client"
a connects
a opens 1
a 1 > exchange.declare-ok
a refused 503 "COMMAND_INVALID - unimplemented method" exchange.declare-ok

scene "queue.declare-ok from a client"
a connects
a opens 1
a 1 > queue.declare-ok
a refused 503 "COMMAND_INVALID - unimplemented method" queue.declare-ok

scene "queue.bind-ok from a client"
a connects
a opens 1
a 1 > queue.bind-ok
a refused 503 "COMMAND_INVALID - unimplemented method" queue.bind-ok

scene "basic.consume-ok from a client"
a connects
a opens 1
a 1 > basic.consume-ok
a refused 503 "COMMAND_INVALID - unimplemented method" basic.consume-ok

scene "basic.get-empty from a client"
a connects
a opens 1
a 1 > basic.get-empty
a refused 503 "COMMAND_INVALID - unimplemented method" basic.get-empty

scene "basic.cancel-ok is taken: some clients answer what needs no answer"
a connects
a opens 1
a 1 > basic.cancel-ok consumer_tag=t
a 1 does queue.declare queue=q
a closes

scene "basic.qos-ok from a client"
a connects
a opens 1
a 1 > basic.qos-ok
a refused 503 "COMMAND_INVALID - unimplemented method" basic.qos-ok

scene "confirm.select-ok from a client"
a connects
a opens 1
a 1 > confirm.select-ok
a refused 503 "COMMAND_INVALID - unimplemented method" confirm.select-ok

scene "tx.commit-ok from a client"
a connects
a opens 1
a 1 > tx.commit-ok
a refused 503 "COMMAND_INVALID - unimplemented method" tx.commit-ok

scene "basic.return from a client"
a connects
a opens 1
a 1 > basic.return reply_code=312 alone
a refused 503 "COMMAND_INVALID - unimplemented method" basic.return

scene "basic.get-ok from a client"
a connects
a opens 1
a 1 > basic.get-ok delivery_tag=1 alone
a refused 503 "COMMAND_INVALID - unimplemented method" basic.get-ok

scene "channel.flow-ok that nobody asked for"
a connects
a opens 1
a 1 > channel.flow-ok active
a refused 503 "COMMAND_INVALID - unimplemented method" channel.flow-ok

scene "channel.close-ok that nobody asked for"
a connects
a opens 1
a 1 > channel.close-ok
a refused 503 "COMMAND_INVALID - unimplemented method" channel.close-ok

# ---- arguments cut short, and too many ----

scene "channel.open cut short"
a connects
a 1 sends-frame type=1 payload=hex:0014000a
a refused 501 "FRAME_ERROR…" channel.open

scene "channel.close cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0014002800c8
a refused 501 "FRAME_ERROR…" channel.close

scene "exchange.declare cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0028000a000001
a refused 501 "FRAME_ERROR…" exchange.declare

scene "exchange.delete cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:002800140000
a refused 501 "FRAME_ERROR…" exchange.delete

scene "exchange.bind cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0028001e00000178
a refused 501 "FRAME_ERROR…" exchange.bind

scene "queue.declare cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0032000a0000017100
a refused 501 "FRAME_ERROR…" queue.declare

scene "queue.bind cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003200140000017101
a refused 501 "FRAME_ERROR…" queue.bind

scene "queue.unbind cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003200320000017101
a refused 501 "FRAME_ERROR…" queue.unbind

scene "queue.purge cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0032001e0000
a refused 501 "FRAME_ERROR…" queue.purge

scene "queue.delete cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0032002800000171
a refused 501 "FRAME_ERROR…" queue.delete

scene "basic.qos cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c000a000000
a refused 501 "FRAME_ERROR…" basic.qos

scene "basic.consume cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c001400000171
a refused 501 "FRAME_ERROR…" basic.consume

scene "basic.cancel cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c001eff
a refused 501 "FRAME_ERROR…" basic.cancel

scene "basic.publish cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c002800000178
a refused 501 "FRAME_ERROR…" basic.publish

scene "basic.get cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c0046000001
a refused 501 "FRAME_ERROR…" basic.get

scene "basic.ack cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c005000000000000000
a refused 501 "FRAME_ERROR…" basic.ack

scene "basic.reject cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c005a0000
a refused 501 "FRAME_ERROR…" basic.reject

scene "basic.nack cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c007800
a refused 501 "FRAME_ERROR…" basic.nack

scene "basic.recover cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c006e
a refused 501 "FRAME_ERROR…" basic.recover

scene "confirm.select cut short"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0055000a
a refused 501 "FRAME_ERROR…" confirm.select

scene "tx.select with bytes left over"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:005a000a00
a refused 501 "FRAME_ERROR…" tx.select

scene "tx.commit with bytes left over"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:005a0014ffff
a refused 501 "FRAME_ERROR…" tx.commit

scene "basic.ack with bytes left over"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c005000000000000000010000
a refused 501 "FRAME_ERROR…" basic.ack

scene "basic.get with bytes left over"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c00460000017100ff
a refused 501 "FRAME_ERROR…" basic.get

scene "queue.purge with bytes left over"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0032001e000001710000
a refused 501 "FRAME_ERROR…" queue.purge

scene "basic.publish with bytes left over"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c002800000178017100616263
a refused 501 "FRAME_ERROR…" basic.publish

# ---- field tables, in the arguments of queue.declare ----

scene "A table whose key is longer than the table"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\xffabc"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a key and nothing else"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01a"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a t of 0 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01at"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a b of 0 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01ab"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a s of 1 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01as"+hex:00
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a u of 1 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01au"+hex:00
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a I of 3 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aI"+hex:000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a i of 3 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01ai"+hex:000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a l of 7 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01al"+hex:00000000000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a L of 7 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aL"+hex:00000000000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a f of 3 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01af"+hex:000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a d of 7 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01ad"+hex:00000000000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a T of 7 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aT"+hex:00000000000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a D of 4 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aD"+hex:00000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a S of 3 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aS"+hex:000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a x of 3 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01ax"+hex:000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a A of 3 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aA"+hex:000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a F of 3 bytes"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aF"+hex:000000
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with an array longer than the table"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aA\0\0\x01\0"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a table longer than the table"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aF\0\0\x01\0"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with an array of a type nobody knows"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aA\0\0\0\x01Z"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with an array that ends within a value"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aA\0\0\0\x03I\0\0"
a refused 501 "FRAME_ERROR…" queue.declare

scene "A table with a table that ends within a key"
a connects
a opens 1
a 1 > queue.declare queue=q arguments="\x01aF\0\0\0\x02\x05b"
a refused 501 "FRAME_ERROR…" queue.declare

scene "The length of the table is longer than the method"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:0032000a0000017100+"\0\0\xff\xff"
a refused 501 "FRAME_ERROR…" queue.declare
