# SPDX-License-Identifier: Apache-2.0
# Virtual hosts: each has exchanges, queues and bindings of its own.

scene "What is in one virtual host is not in another"
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects
a opens 1
b connects vhost="red"
b opens 1
a 1 does queue.declare queue=q => message_count=0
a 1 > basic.publish routing_key=q body="in /"
b 1 does queue.declare queue=q => message_count=0
b 1 > basic.publish routing_key=q body="in red"
b 1 does exchange.declare exchange=x type="fanout"
a 1 > exchange.declare exchange=x passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
b 1 > queue.declare queue=none passive
b 1 refused 404 "NOT_FOUND - no queue 'none' in vhost 'red'" queue.declare
b opens 1
b 1 > basic.get queue=q no_ack
b 1 < basic.get-ok message_count=0 body="in red"
b 1 > queue.declare queue=q durable
b 1 refused 406 ~"for queue 'q' in vhost 'red'" queue.declare

scene "A dead letter stays in its virtual host"
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects
a opens 1
b connects vhost="red"
b opens 1
a 1 does queue.declare queue=dead
b 1 does queue.declare queue=dead
b 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead", x-message-ttl: 10}
b 1 > basic.publish routing_key=q body="late"
clock +20ms
b 1 > basic.get queue=dead no_ack
b 1 < basic.get-ok body="late"
a 1 > basic.get queue=dead no_ack
a 1 < basic.get-empty

scene "A deleted virtual host closes its connections and takes all along"
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects vhost="red"
a opens 1
b connects
b opens 1
a 1 does queue.declare queue=q durable
a 1 does exchange.declare exchange=x type="topic" durable
a 1 does queue.bind queue=q exchange=x routing_key="#"
a 1 does exchange.bind destination="amq.fanout" source="amq.topic" routing_key="#"
a 1 does basic.consume queue=q consumer_tag="c"
a 1 > basic.publish exchange=x routing_key=k body="one" persistent
a 1 < basic.deliver body="one"
ctl delete_vhost red
a refused 320 "CONNECTION_FORCED - vhost 'red' is deleted" none
b 1 does queue.declare queue=q => message_count=0
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host="red"
a refused 530 "NOT_ALLOWED - vhost red not found" connection.open
ctl list_queues -p red => 65 "Virtual host 'red' does not exist"
ctl delete_vhost red => 65 "Virtual host 'red' does not exist"

scene "A new one of the same name has nothing of the old"
broker durable
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects vhost="red"
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable
a 1 > basic.publish routing_key=q body="old" persistent
a 1 confirmed 1
ctl delete_vhost red
a refused 320 "CONNECTION_FORCED - vhost 'red' is deleted" none
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects vhost="red"
a opens 1
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost 'red'" queue.declare
blackout
a connects vhost="red"
a opens 1
a 1 does queue.declare queue=q durable => message_count=0

scene "A start brings them back, with all that lasts in each"
broker durable
ctl add_vhost --description "of colours" --tags "warm, loud" red
ctl set_permissions -p red guest ".*" ".*" ".*"
ctl add_vhost blue
a connects vhost="red"
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable
a 1 > basic.publish routing_key=q body="kept" persistent
a 1 confirmed 1
ctl delete_vhost blue
blackout
ctl list_vhosts name description tags -s => 0 "red\tof colours\t[warm, loud]\n"
ctl list_queues -p red -s => 0 "q\t1\n"
ctl list_queues -p blue => 65 "Virtual host 'blue' does not exist"
a connects vhost="red"
a opens 1
a 1 > basic.get queue=q no_ack
a 1 < basic.get-ok body="kept"

scene "The default one may go too, and stays away"
broker durable
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
ctl delete_vhost /
restart
ctl list_vhosts -s => 0 "red\n"
ctl list_queues => 65 "Virtual host '/' does not exist"
a connects vhost="red"

scene "Its type of queues is for those that say none"
ctl add_vhost --default-queue-type quorum red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects vhost="red"
a opens 1
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum"}
a 1 does queue.declare queue=classic durable arguments={x-queue-type: "classic"}
a 1 does queue.declare queue=passing exclusive
a 1 does queue.declare queue="" durable
ctl list_queues -p red name type -s => 0 "\tclassic\nclassic\tclassic\npassing\tclassic\nq\tquorum\n"
ctl list_queues -p red type -s => 0 "classic\nclassic\nclassic\nquorum\n"
ctl add_vhost --default-queue-type wrong blue => 64 "Unsupported default queue type: 'wrong'"

scene "What is said of one is said anew, and adding it again changes nothing"
ctl add_vhost --description "a" red
ctl add_vhost --description "b" red
ctl list_vhosts name description -s => 0 "red\ta\n"
ctl update_vhost_metadata --description "c" red
ctl list_vhosts name description -s => 0 "red\tc\n"
ctl update_vhost_metadata blue => 65 "Virtual host 'blue' does not exist"
ctl add_vhost "" => 64 "1 to 255 bytes"
ctl add_vhost "red\x7f" => 64 "no control characters"

scene "Deleting one gives back what it took"
repeat 5
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects vhost="red"
a opens 1
repeat 20
a 1 does queue.declare queue="q$i" durable
a 1 > basic.publish routing_key="q$i" body=2000*"b" persistent
end
ctl delete_vhost red
a refused 320 "CONNECTION_FORCED - vhost 'red' is deleted" none
memory steady
end

scene "A queue with as many arguments as there may be goes without the virtual host's type"
broker durable
ctl update_vhost_metadata / --default-queue-type classic
a connects
a opens 1
a 1 does queue.declare queue=full durable arguments=4096*"\x01kt\x01"
a 1 does queue.declare queue=q durable arguments=4095*"\x01kt\x01"
restart
a connects
a opens 1
a 1 does queue.declare queue=full durable passive
a 1 does queue.declare queue=q durable passive

scene "One that is protected stays until the protection is lifted, over starts"
broker durable
ctl add_vhost red
ctl enable_vhost_protection_from_deletion red => 0 "Protecting virtual host \"red\" from removal by updating its metadata...\n"
ctl list_vhosts name protected_from_deletion -s => 0 "/\tfalse\nred\ttrue\n"
ctl delete_vhost red => 69 "Cannot delete this virtual host: it is protected from deletion. To lift the protection, inspect and update its metadata"
ctl update_vhost_metadata --description "x" red
restart
ctl delete_vhost red => 69 "it is protected from deletion"
ctl disable_vhost_deletion_protection red => 0 "Removing deletion protection from virtual host \"red\" by updating its metadata...\n"
ctl enable_vhost_deletion_protection red
ctl delete_vhost red => 69 "it is protected from deletion"
ctl disable_vhost_protection_from_deletion red
restart
ctl delete_vhost red
ctl enable_vhost_protection_from_deletion red => 65 "Virtual host 'red' does not exist"
ctl disable_vhost_protection_from_deletion red => 65 "Virtual host 'red' does not exist"
