# Those who mean harm, beside those who do not.  Memory stays where it was, and nobody else notices.

scene "Garbage, cut frames, wrong types, half contents: two hundred times, and not one byte is kept"
good connects
good opens 1
good 1 does queue.declare queue=q
good 1 does basic.consume queue=q consumer_tag=t no_ack
repeat 10
a dials
a sends "rubbish rubbish rubbish"
a < "AMQP\0\0\x09\x01"
a closed
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends 9000*"x"
clock +3s
a dropped
a connects
a opens 1 2 3
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=1000000
a 1 > body 100000*"x"
a 2 > basic.publish routing_key=q alone
a 2 > header body_bytes=10
a 3 > queue.declare queue="" exclusive
a 3 < queue.declare-ok
a leaves
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=1000000
a 1 > body 100000*"x"
a 1 > header body_bytes=5
a < connection.close reply_code=505
a leaves
a connects
a opens 1
a 1 > basic.publish routing_key=q headers=nested:512 body="x"
a < connection.close reply_code=501
clock +30s
a dropped
a connects
a opens 1
a 1 does tx.select
a 1 > basic.publish routing_key=q body_bytes=50000
a 1 > basic.publish exchange=missing body_bytes=50000
a 1 < channel.close reply_code=404
a leaves
good 1 > basic.publish routing_key=q body="still well"
good 1 < basic.deliver body="still well"
end
# the first round fills what is kept for reuse
repeat 3
repeat 20
a connects
a opens 1
a 1 sends-frame type=3 size=0xFFFFFFFF payload=1000*"x"
a < connection.close reply_code=501
a leaves
a connects
a opens 1
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=1000000
a 1 > body 100000*"x"
a leaves
end
memory steady
end
good closes

scene "Half a body is not reserved by what its header says"
a connects
a opens 1
b connects
b opens 1
b 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
repeat 3
repeat 20
b 1 > basic.publish routing_key=q alone
b 1 > header body_bytes=16777216
b 1 > body "x"
b leaves
b connects
b opens 1
b 1 > basic.publish routing_key=q body="x"
end
memory steady
end
a closes
b closes

scene "Unfinished bodies have a budget for each connection"
broker assembly_max_bytes=100000
a connects
a opens 1 2 3
a 1 > basic.publish routing_key=q alone
a 1 > header body_bytes=60000
a 1 > body 50000*"x"
a 2 > basic.publish routing_key=q alone
a 2 > header body_bytes=60000
a 2 > body 45000*"x"
a 3 > basic.publish routing_key=q alone
a 3 > header body_bytes=60000
a 3 > body 45000*"x"
a < connection.close reply_code=506 reply_text="RESOURCE_ERROR - more than 100000 bytes of unfinished messages on this connection"
a > connection.close-ok
a closed

scene "What is published and finished gives its part of the budget back"
broker assembly_max_bytes=100000
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 10
a 1 > basic.publish routing_key=q body_bytes=90000
end
a 1 does queue.declare queue=q passive => message_count=10
a 1 does tx.select
a 1 > basic.publish routing_key=q body_bytes=90000
a 1 does tx.rollback
a 1 > basic.publish routing_key=q body_bytes=90000
a 1 does tx.commit
a 1 > basic.publish routing_key=q body_bytes=60000
a 1 > basic.publish routing_key=q body_bytes=60000
a < connection.close reply_code=506
a > connection.close-ok
a closed

scene "A thousand strangers who say nothing are gone after five seconds"
a connects
a opens 1
repeat 2
repeat 50
s1 dials
s2 dials
s3 dials
s4 dials
s5 dials
s6 dials
s7 dials
s8 dials
s9 dials
s10 dials
clock +5s
s1 dropped
s10 dropped
end
memory steady
end
a 1 does queue.declare queue=q
a closes

scene "Declaring, binding, consuming and deleting a thousand times leaves nothing"
a connects
a opens 1
repeat 2
repeat 500
a 1 does exchange.declare exchange=x type=topic
a 1 does queue.declare queue=q arguments={x-other: "text"}
a 1 does queue.bind queue=q exchange=x routing_key="a.*.#"
a 1 does exchange.bind destination=x source=amq.topic routing_key="#"
a 1 does basic.consume queue=q consumer_tag=t
a 1 > basic.publish exchange=amq.topic routing_key="a.b.c" body="hello"
a 1 < basic.deliver delivery_tag=$i
a 1 > basic.ack delivery_tag=$i
a 1 > queue.delete queue=q
a 1 < basic.cancel consumer_tag=t
a 1 < queue.delete-ok
a 1 does exchange.delete exchange=x
end
a 1 does channel.close
a opens 1
memory steady
end
a closes

scene "Channels opened and closed ten thousand times"
a connects
repeat 2
repeat 5000
a 7 does channel.open
a 7 does channel.close
end
memory steady
end
a closes

scene "A reader with bad frames in the middle of good ones loses only what was its own"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 confirmed 1..2
a 1 sends-frame type=77 payload="x"
a 1 > basic.publish routing_key=q body="3"
a < connection.close reply_code=501
a > connection.close-ok
a closed
b connects
b opens 1
b 1 does queue.declare queue=q passive => message_count=2
b closes

scene "Who does not read is passed over, and misses nothing of what was its own"
broker outbox_max_bytes=50000
a connects
a opens 1
b connects
b opens 1 2
b 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=deaf no_ack
a stops-reading
b 1 > basic.publish routing_key=q body_bytes=60000 message_id="1"
b 1 > basic.publish routing_key=q body_bytes=60000 message_id="2"
b 1 > basic.publish routing_key=q body_bytes=60000 message_id="3"
b 1 < nothing
b 1 does queue.declare queue=q passive => message_count=2 consumer_count=1
b 2 does basic.consume queue=q consumer_tag=hears no_ack
b 2 < basic.deliver message_id="2" body_bytes=60000
b 2 < basic.deliver message_id="3" body_bytes=60000
a reads-again
a 1 < basic.deliver message_id="1" body_bytes=60000
b 1 > basic.publish routing_key=q body_bytes=60000 message_id="4"
b 1 > basic.publish routing_key=q body_bytes=60000 message_id="5"
b 2 < basic.deliver message_id="4" body_bytes=60000
a 1 < basic.deliver message_id="5" body_bytes=60000
a closes
b closes

scene "Who asks and does not read the answers is not read either"
broker outbox_max_bytes=10000
a connects
a opens 1
b connects
b opens 1
b 1 does queue.declare queue=q
a stops-reading
repeat 300
a 1 > queue.declare queue=255*"n" no_wait
a 1 > queue.declare queue=255*"n" passive
end
a 1 > basic.publish routing_key=q body="far behind"
b 1 does queue.declare queue=q passive => message_count=0
a reads-again
repeat 300
a 1 < queue.declare-ok
end
b 1 does queue.declare queue=q passive => message_count=1
a closes
b closes

scene "Who never takes the last words is cut off"
a connects
a opens 1
a stops-reading
a 1 sends-frame type=9 payload="x"
clock +30s
a dropped

scene "Who does not read and does not beat is given up"
a connects heartbeat=10
a stops-reading
clock +25s
a dropped
