# Heartbeats: the interval T is what the client puts into tune-ok.

scene "The broker sends one every half interval when it has nothing else to say"
a connects heartbeat=10
clock +5s
a > heartbeat
repeat 4
clock +5s
a < heartbeat
a > heartbeat
end
a closes

scene "A client that stays silent for two and a half intervals is given up"
a connects heartbeat=10
clock +24900ms
a < heartbeat
a < heartbeat
a < heartbeat
clock +100ms
a dropped

scene "Any byte is a sign of life"
a connects heartbeat=2
repeat 10
clock +4s
a sends hex:08
clock +4s
a sends hex:00
clock +4s
a sends hex:00
clock +4s
a sends hex:000000
clock +4s
a sends hex:00
clock +4s
a sends hex:CE
end
a closes

scene "Anything the broker sends is a heartbeat too"
a connects heartbeat=10
a opens 1
repeat 3
clock +4s
a 1 does queue.declare queue=q
end
a > heartbeat
a closes

scene "Zero turns heartbeats off in both directions"
a connects heartbeat=0
clock +10000s
a < nothing
a closes

scene "Heartbeats begin with tune-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072 heartbeat=2
clock +2s
a < heartbeat
a > connection.open virtual_host="/"
a < connection.open-ok
a closes

scene "A lost client's messages go to another"
a connects heartbeat=4
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="one"
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver consumer_tag=t delivery_tag=1 redelivered=0 body="one"
b connects
b opens 1
clock +10s
a dropped
b 1 does basic.get queue=q => redelivered=1 body="one"
b closes

scene "A heartbeat on a channel"
a connects heartbeat=10
a opens 1
a 1 > heartbeat
a refused 505 "UNEXPECTED_FRAME - type 8…" none

scene "A heartbeat that carries something"
a connects heartbeat=10
a sends-frame type=8 payload="x"
a refused 501 "FRAME_ERROR - heartbeat…" none
