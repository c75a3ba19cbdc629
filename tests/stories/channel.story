# Channels: opening, closing from either side, reuse of numbers, flow.

scene "Open and close"
a connects
a 1 does channel.open
a 1 > channel.close reply_code=200 reply_text="OK"
a 1 < channel.close-ok
a 1 does channel.open
a closes

scene "A refused method closes the channel only"
a connects
a opens 1 2
a 1 > queue.declare queue=none passive
a 1 refused 404 "NOT_FOUND - no queue 'none' in vhost '/'" queue.declare
a 2 does queue.declare queue=q
a closes

scene "The number of a refused channel is free again after close-ok"
a connects
a opens 1
a 1 > queue.declare queue=none passive
a 1 refused 404 "NOT_FOUND - no queue 'none' in vhost '/'" queue.declare
a opens 1
a 1 does queue.declare queue=q
a closes

scene "After the broker's close everything on the channel is dropped, also content, until close-ok"
a connects
a opens 1 2
a 2 does queue.declare queue=q
a 1 > queue.declare queue=none passive
a 1 > queue.declare queue=other
a 1 > basic.publish routing_key=q body="lost"
a 1 > basic.ack delivery_tag=77
a 1 > channel.open
a 1 < channel.close reply_code=404
a 1 < nothing
a 1 > channel.close-ok
a 2 does queue.declare queue=q passive => message_count=0
a 2 > queue.declare queue=other passive
a 2 refused 404 "NOT_FOUND - no queue 'other' in vhost '/'" queue.declare
a closes

scene "Even arguments that cannot be decoded are dropped then"
a connects
a opens 1
a 1 > queue.declare queue=none passive
a 1 < channel.close reply_code=404
a 1 sends-frame type=1 payload=hex:0032000aff
a 1 > channel.close-ok
a opens 1
a closes

scene "A content under way is forgotten with the channel"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish exchange=missing routing_key=q alone
a 1 > header body_bytes=10
a 1 > body "01234"
a 1 > body "56789"
a 1 refused 404 "NOT_FOUND - no exchange 'missing' in vhost '/'" basic.publish
a opens 1
a 1 > basic.publish routing_key=q body="next"
a 1 does basic.get queue=q no_ack => body="next" message_count=0
a closes

scene "Two closes of a channel cross"
a connects
a opens 1
a 1 > queue.declare queue=none passive
a 1 > channel.close reply_code=200 reply_text="OK"
a 1 < channel.close reply_code=404
a 1 < channel.close-ok
a opens 1
a 1 does queue.declare queue=q
a closes

scene "Two closes of a channel cross, and the client answers too"
a connects
a opens 1
a 1 > queue.declare queue=none passive
a 1 < channel.close reply_code=404
a 1 > channel.close reply_code=200 reply_text="OK"
a 1 > channel.close-ok
a 1 < channel.close-ok
a opens 1
a closes

scene "A second channel.open"
a connects
a opens 1
a 1 > channel.open
a refused 504 "CHANNEL_ERROR - second 'channel.open' seen" channel.open

scene "A channel that was never opened"
a connects
a 1 > queue.declare queue=q
a refused 504 "CHANNEL_ERROR - expected 'channel.open'" queue.declare

scene "A channel that was closed"
a connects
a opens 1
a 1 does channel.close reply_code=200
a 1 > queue.declare queue=q
a refused 504 "CHANNEL_ERROR - expected 'channel.open'" queue.declare

scene "Content on a channel that was never opened"
a connects
a 3 > header body_bytes=1
a refused 505 "UNEXPECTED_FRAME - expected method frame, got non method frame instead" none

scene "One channel more than agreed"
a connects channel_max=3
a opens 1 2 3
a 4 > channel.open
a refused 530 "NOT_ALLOWED - number of channels opened (3) has reached the negotiated channel_max (3)" none

scene "A number above what was agreed"
a connects channel_max=10
a opens 10
a 500 > channel.open
a refused 504 "CHANNEL_ERROR - channel 500 is above the negotiated channel_max (10)" channel.open

scene "The highest number there is"
a connects
a 65535 > channel.open
a refused 504 "CHANNEL_ERROR…" channel.open

scene "Closed channels do not count"
a connects channel_max=2
repeat 10
a opens 1 2
a 1 does channel.close reply_code=200
a 2 does channel.close reply_code=200
end
a closes

scene "Flow may be turned on, not off"
a connects
a opens 1
a 1 does channel.flow active=1 => active=1
a 1 > channel.flow active=0
a refused 540 "NOT_IMPLEMENTED - active=false" channel.flow

scene "The obsolete access.request is answered"
a connects
a opens 1
a 1 does access.request realm="/data" active read write => ticket=1
a closes

scene "channel.close-ok that nobody asked for"
a connects
a opens 1
a 1 > channel.close-ok
a refused 503 "COMMAND_INVALID…" channel.close-ok

scene "Methods that only a server sends"
a connects
a opens 1
a 1 > queue.declare-ok queue=q
a refused 503 "COMMAND_INVALID - unimplemented method" queue.declare-ok

scene "basic.deliver from a client is refused at once"
a connects
a opens 1
a 1 > basic.deliver consumer_tag=t routing_key=q alone
a refused 503 "COMMAND_INVALID - unimplemented method" basic.deliver

scene "Closing a channel requeues what it held, in order, ahead of the rest"
a connects
a opens 1 2
a 2 does queue.declare queue=q
repeat 5
a 2 > basic.publish routing_key=q body="$i"
end
a 1 does basic.qos prefetch_count=3
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 < basic.deliver delivery_tag=2 body="2"
a 1 < basic.deliver delivery_tag=3 body="3"
a 1 does channel.close reply_code=200
repeat 3
a 2 does basic.get queue=q no_ack => body="$i" redelivered=1
end
a 2 does basic.get queue=q no_ack => body="4" redelivered=0
a 2 does basic.get queue=q no_ack => body="5" redelivered=0
a closes
