# The connection once it is open, and the ways it ends.

scene "A client says goodbye, and hangs up when it has heard close-ok"
a connects
a > connection.close reply_code=200 reply_text="Goodbye"
a < connection.close-ok
a < nothing
a leaves

scene "When it does not hang up the broker does"
a connects
a > connection.close reply_code=200 reply_text="Goodbye"
a < connection.close-ok
clock +30s
a dropped

scene "It may say goodbye twice"
a connects
a > connection.close reply_code=200 reply_text="Goodbye"
a > connection.close reply_code=200 reply_text="Goodbye"
a < connection.close-ok
a < connection.close-ok
a leaves

scene "Exclusive queues are gone before close-ok"
a connects
a opens 1
a 1 does queue.declare queue=mine exclusive
a > connection.close reply_code=200 reply_text="Goodbye"
b connects
b opens 1
b 1 does queue.declare queue=mine exclusive => message_count=0
a < connection.close-ok
a leaves
b closes

scene "Exclusive queues go with a client that vanishes"
a connects
a opens 1
a 1 does queue.declare queue=mine exclusive
a leaves
b connects
b opens 1
b 1 > queue.declare queue=mine passive
b 1 refused 404 "NOT_FOUND - no queue 'mine' in vhost '/'" queue.declare
b closes

scene "Unacked messages are back before close-ok"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 3
a 1 > basic.publish routing_key=q body="message $i"
end
a 1 does basic.get queue=q => delivery_tag=1 body="message 1"
a 1 does basic.get queue=q => delivery_tag=2 body="message 2"
b connects
b opens 1
a closes
b 1 does queue.declare queue=q passive => message_count=3
b 1 does basic.get queue=q => redelivered=1 body="message 1" message_count=2
b 1 does basic.get queue=q => redelivered=1 body="message 2" message_count=1
b 1 does basic.get queue=q => redelivered=0 body="message 3" message_count=0
b closes

scene "Frames after connection.close are not looked at"
a connects
a opens 1
a > connection.close reply_code=200 reply_text="Goodbye"
a 1 > queue.declare queue=late
a < connection.close-ok
a leaves
b connects
b opens 1
b 1 > queue.declare queue=late passive
b 1 refused 404 "NOT_FOUND - no queue 'late' in vhost '/'" queue.declare
b closes

scene "After the broker's close everything but close and close-ok is dropped"
a connects
a opens 1
a 1 > basic.qos prefetch_size=1
a < connection.close reply_code=540 reply_text="NOT_IMPLEMENTED - prefetch_size!=0 (1)" class_id=60 method_id=10
a 1 > queue.declare queue=late
a 1 > basic.publish routing_key=late body="x"
a > heartbeat
a < nothing
a > connection.close-ok
a closed

scene "Two closes cross"
a connects
a opens 1
a 1 > channel.flow active=0
a > connection.close reply_code=200 reply_text="Goodbye"
a < connection.close reply_code=540 reply_text="NOT_IMPLEMENTED - active=false"
a < connection.close-ok
a > connection.close-ok
a closed

scene "A client that never answers the close is cut off"
a connects
a opens 1
a 1 > channel.flow active=0
a < connection.close reply_code=540
clock +30s
a dropped

scene "A new secret is taken, and the connection goes on"
a connects
a opens 1
a does connection.update-secret new_secret="s" reason="refresh"
a 1 does queue.declare queue=q
a closes

scene "connection.close-ok that nobody asked for"
a connects
a > connection.close-ok
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" connection.close-ok

scene "connection.close on a channel"
a connects
a opens 1
a 1 > connection.close reply_code=200 reply_text="bye"
a refused 503 "COMMAND_INVALID - unimplemented method" connection.close

scene "A channel's method on channel 0"
a connects
a > channel.open
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" channel.open

scene "A method of the server's from a client, on channel 0"
a connects
a > connection.start version_minor=9
a refused 504 "CHANNEL_ERROR - unexpected method in connection state running" connection.start

scene "A class that does not exist"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:03e7000a
a refused 540 "NOT_IMPLEMENTED - unimplemented method"

scene "A method that does not exist"
a connects
a opens 1
a 1 sends-frame type=1 payload=hex:003c03e7
a refused 540 "NOT_IMPLEMENTED - unimplemented method"

scene "A method that does not exist, on channel 0"
a connects
a sends-frame type=1 payload=hex:000a03e7
a refused 540 "NOT_IMPLEMENTED - unimplemented method"

scene "One connection's end is nothing to another"
a connects
a opens 1
b connects
b opens 1
b 1 does queue.declare queue=q
b 1 does basic.consume queue=q consumer_tag=t
a sends-frame type=9 payload="x"
a refused 501 "FRAME_ERROR - unknown frame type 9" none
b 1 > basic.publish routing_key=q body="still here"
b 1 < basic.deliver body="still here"
b closes

scene "The broker stops: everyone is told, whatever state it is in"
a connects
a opens 1
b dials
b sends "AMQP\0\0\x09\x01"
b < connection.start
c dials
d connects
d > connection.close reply_code=200
d < connection.close-ok
shutdown
a refused 320 "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'" none
b closed
c closed
d closed
