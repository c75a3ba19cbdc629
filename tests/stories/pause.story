# SPDX-License-Identifier: Apache-2.0
# A queue that is paused takes messages and hands out none.

scene "While it is paused nothing is delivered, and then all that came, in order"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag="c" no_ack
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.deliver body="1"
ctl pause_queue q => 0 "Pausing queue 'q' in vhost '/' ...\n"
ctl -s list_queues name state => 0 "q\tpaused\n"
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="2"
a 1 > basic.publish routing_key=q body="3"
a 1 confirmed 1..2
clock +1s
a 1 < nothing
ctl pause_queue q
ctl resume_queue q => 0 "Resuming queue 'q' in vhost '/' ...\n"
a 1 < basic.deliver body="2"
a 1 < basic.deliver body="3"
ctl -s list_queues name state => 0 "q\trunning\n"

scene "basic.get finds it empty; what is out may be acked or come back"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 > basic.get queue=q
a 1 < basic.get-ok delivery_tag=1 body="1"
ctl pause_queue q
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 > basic.reject delivery_tag=1 requeue
a 1 does queue.declare queue=q passive => message_count=2
a 1 does basic.consume queue=q no_ack
a 1 < nothing
ctl resume_queue q
a 1 < basic.deliver body="1" redelivered=true
a 1 < basic.deliver body="2"

scene "It still expires, is cut, and refuses what is too much"
a connects
a opens 1
a 1 does queue.declare queue=old arguments={x-message-ttl: 100}
a 1 does queue.declare queue=long arguments={x-max-length: 1}
a 1 does queue.declare queue=full arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 does basic.consume queue=old no_ack
a 1 does basic.consume queue=long no_ack
a 1 does basic.consume queue=full no_ack
ctl pause_queue old
ctl pause_queue long
ctl pause_queue full
a 1 does confirm.select
a 1 > basic.publish routing_key=old body="1"
a 1 > basic.publish routing_key=long body="2"
a 1 > basic.publish routing_key=long body="3"
a 1 > basic.publish routing_key=full body="4"
a 1 confirmed 1..4
a 1 > basic.publish routing_key=full body="5"
a 1 < basic.nack delivery_tag=5
clock +200ms
ctl resume_queue old
ctl resume_queue long
a 1 < basic.deliver body="3"
ctl resume_queue full
a 1 < basic.deliver body="4"

scene "It stays paused over a start, and may be purged and deleted"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable auto_delete
a 1 does queue.declare queue=q2 durable
a 1 does confirm.select
a 1 > basic.publish routing_key=q body="1" persistent
a 1 confirmed 1
ctl pause_queue q
ctl pause_queue q2
ctl resume_queue q2
blackout
ctl -s list_queues name state => 0 "q\tpaused\n"
ctl -s list_queues name state => 0 "q2\trunning\n"
a connects
a opens 1
a 1 > basic.get queue=q
a 1 < basic.get-empty
ctl resume_queue q
restart
a connects
a opens 1
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="1"
ctl pause_queue q
a 1 > basic.publish routing_key=q body="2"
a 1 does queue.purge queue=q => message_count=1
a 1 does queue.delete queue=q
ctl pause_queue q => 65 "Error:\nno queue 'q' in vhost '/'\n"
ctl pause_queue -p none q => 65 "Virtual host 'none' does not exist"
