# SPDX-License-Identifier: Apache-2.0
# Limits of virtual hosts and users: how many connections, channels and queues.

scene "A virtual host takes so many connections"
ctl set_vhost_limits "{\"max-connections\": 2}"
a connects
b connects
c dials
c sends "AMQP\0\0\x09\x01"
c < connection.start
c > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
c < connection.tune
c > connection.tune-ok channel_max=2047 frame_max=131072
c > connection.open virtual_host="/"
c refused 530 "NOT_ALLOWED - access to vhost '/' refused for user 'guest': connection limit (2) is reached" connection.open
a closes
c connects
b leaves
a connects
ctl clear_vhost_limits
b connects

scene "A user has so many connections"
ctl add_user kate "k"
ctl set_permissions kate "" "" ""
ctl set_user_limits kate "{\"max-connections\": 1}"
a connects user="kate" password="k"
b dials
b sends "AMQP\0\0\x09\x01"
b < connection.start
b > connection.start-ok mechanism="PLAIN" response="\0kate\0k" locale="en_US"
b < connection.tune
b > connection.tune-ok channel_max=2047 frame_max=131072
b > connection.open virtual_host="/"
b refused 530 "NOT_ALLOWED - connection refused for user 'kate': user connection limit (1) is reached" connection.open
c connects
a closes
b connects user="kate" password="k"

scene "A user has so many channels, on all connections together"
ctl add_user kate "k"
ctl set_permissions kate "" "" ""
ctl set_user_limits kate "{\"max-channels\": 3}"
a connects user="kate" password="k"
b connects user="kate" password="k"
a opens 1 2
b opens 1
b 1 does channel.close
b opens 1
b 2 > channel.open
b refused 530 "NOT_ALLOWED - number of channels opened for user 'kate' has reached the maximum allowed user limit of 3" none
a opens 3
ctl clear_user_limits kate max-channels
a opens 4

scene "A virtual host takes so many queues"
ctl set_vhost_limits "{\"max-queues\": 2}"
a connects
a opens 1
a 1 does queue.declare queue="q1"
a 1 does queue.declare exclusive
a 1 does queue.declare queue="q1"
a 1 > queue.declare queue="q2"
a 1 refused 406 "PRECONDITION_FAILED - cannot declare queue 'q2': queue limit in vhost '/' (2) is reached" queue.declare
a opens 1
a 1 does queue.delete queue="q1"
a 1 does queue.declare queue="q2"

scene "Nothing at all is a limit too"
ctl set_vhost_limits "{\"max-queues\": 0}"
a connects
a opens 1
a 1 > queue.declare queue="q"
a 1 refused 406 "PRECONDITION_FAILED - cannot declare queue 'q': queue limit in vhost '/' (0) is reached" queue.declare
ctl set_vhost_limits "{\"max-queues\": -1}"
a opens 1
a 1 does queue.declare queue="q"

scene "Limits are listed, and stay"
broker durable
ctl add_vhost red
ctl add_user kate "k"
ctl list_vhost_limits --global -s => 0
ctl set_vhost_limits -p red "{\"max-connections\": 1000}"
ctl set_vhost_limits -p red "{\"max-queues\": 5}"
ctl set_user_limits kate "{\"max-connections\": 7}"
ctl set_user_limits kate "{\"max-channels\": 9}"
blackout
ctl list_vhost_limits -p red => 0 "Listing limits for vhost \"red\" ...\nlimits\n{\"max-queues\":5}\n"
ctl list_vhost_limits --global -s => 0 "red\t{\"max-queues\":5}\n"
ctl list_user_limits --user kate -s => 0 "{\"max-connections\":7,\"max-channels\":9}\n"
ctl list_user_limits --global => 0 "Listing limits for all users ...\nuser\tlimits\nkate\t{\"max-connections\":7,\"max-channels\":9}\n"
ctl clear_user_limits kate max-channels
ctl list_user_limits --user kate -s => 0 "{\"max-connections\":7}\n"
ctl clear_user_limits kate all
ctl list_user_limits --global -s => 0
ctl clear_vhost_limits -p red
blackout
ctl list_vhost_limits --global -s => 0

scene "What is no limit is said"
ctl set_vhost_limits "{\"max-cats\": 1}" => 69 "Unrecognised terms [{<<\"max-cats\">>,1}] in limits"
ctl set_vhost_limits "{\"max-queues\": \"two\"}" => 69 "max-queues should be a number, actually was <<\"two\">>"
ctl set_vhost_limits "7" => 69 "limits must be a dictionary"
ctl set_user_limits guest "{\"max-queues\": 1}" => 69 "Unrecognised terms"
ctl set_user_limits nobody "{}" => 67 "User \"nobody\" does not exist"
ctl clear_user_limits nobody all => 67 "User \"nobody\" does not exist"
ctl set_vhost_limits -p nowhere "{}" => 65 "Virtual host 'nowhere' does not exist"
ctl list_user_limits --user nobody => 67 "User \"nobody\" does not exist"

scene "A user publishes so many messages a second, and is told why it has to wait"
ctl add_user kate "k"
ctl set_permissions kate ".*" ".*" ".*"
ctl set_user_limits kate "{\"max-publish-rate\": 10}"
a connects user="kate" password="k"
b connects user="kate" password="k"
c connects
a opens 1
b opens 1
c opens 1
a 1 does queue.declare queue=q
repeat 10
a 1 > basic.publish routing_key=q body="x"
end
a 1 does queue.declare queue=q passive => message_count=10
a < nothing
a 1 > basic.publish routing_key=q body="x"
a < connection.blocked reason="rate limit for user 'kate'"
c 1 > basic.publish routing_key=q body="x"
c 1 does queue.declare queue=q passive
c < nothing
ctl list_connections user state -s => 0 "kate\tblocked\nkate\trunning\nguest\trunning\n"
a 1 > basic.publish routing_key=q body="x"
b 1 > basic.publish routing_key=q body="x"
b < connection.blocked reason="rate limit for user 'kate'"
clock +1s
a < connection.unblocked
b < connection.unblocked
a 1 does queue.declare queue=q passive
b 1 does queue.declare queue=q passive => message_count=14

scene "... over time exactly so many, whatever was on its way"
ctl set_user_limits guest "{\"max-publish-rate\": 100}"
a connects without=connection.blocked
a opens 1
a 1 does queue.declare queue=q
repeat 100
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
end
clock +5s
a 1 does queue.declare queue=q passive => message_count=500

scene "A virtual host takes so many a second, and no limit is none at once"
ctl set_vhost_limits "{\"max-publish-rate\": 1}"
a connects
b connects
a opens 1
b opens 1
b 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
a < connection.blocked reason="rate limit for vhost '/'"
b 1 > basic.publish routing_key=q body="x"
b < connection.blocked reason="rate limit for vhost '/'"
ctl clear_vhost_limits
clock +1s
a < connection.unblocked
b < connection.unblocked
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="x"
a 1 does queue.declare queue=q passive => message_count=5

scene "A rate of nothing; who does not publish is not troubled, and who waits is not taken for dead"
ctl set_vhost_limits "{\"max-publish-rate\": 0}"
a connects heartbeat=1
b connects
a opens 1
b opens 1
a 1 > basic.publish routing_key=q body="x"
a < connection.blocked reason="rate limit for vhost '/'"
b 1 does queue.declare queue=q
b 1 > basic.get queue=q
b 1 < basic.get-empty
clock +20s
ctl list_connections state -s => 0 "blocked\nrunning\n"
ctl set_vhost_limits "{\"max-publish-rate\": 5}"
clock +1s
a < connection.unblocked

scene "Rates are listed, and stay"
broker durable
ctl set_vhost_limits "{\"max-publish-rate\": 5}"
ctl set_user_limits guest "{\"max-publish-rate\": 7}"
blackout
ctl list_vhost_limits -s => 0 "{\"max-publish-rate\":5}\n"
ctl list_user_limits -s => 0 "{\"max-publish-rate\":7}\n"
ctl list_user_limits --global -s => 0 "guest\t{\"max-publish-rate\":7}\n"
ctl clear_user_limits guest max-publish-rate
ctl set_vhost_limits "{\"max-queues\": 5}"
blackout
ctl list_vhost_limits --global -s => 0 "/\t{\"max-queues\":5}\n"
ctl list_user_limits --global -s => 0

scene "A virtual host holds so many bytes, and who publishes waits until a tenth is free"
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
ctl set_vhost_limits -p red "{\"max-bytes\": 1000}"
a connects vhost="red"
b connects vhost="red"
c connects
a opens 1
b opens 1
c opens 1
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
c 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body_bytes=500
a 1 > basic.publish routing_key=r body_bytes=499
a 1 does queue.declare queue=q passive => message_count=1
a 1 > basic.publish routing_key=q body_bytes=1
a 1 > basic.publish routing_key=q body_bytes=1
a < connection.blocked reason="byte limit for vhost 'red'"
c 1 > basic.publish routing_key=q body_bytes=5000
c 1 does queue.declare queue=q passive => message_count=1
clock +5s
a < nothing
b 1 does basic.get queue=q => body_bytes=500
clock +1s
a < connection.unblocked
a 1 does queue.declare queue=q passive => message_count=2
a 1 > basic.publish routing_key=q body_bytes=600
a 1 > basic.publish routing_key=q body_bytes=600
a < connection.blocked
b 1 > basic.reject delivery_tag=1 requeue
ctl set_vhost_limits -p red "{\"max-bytes\": 100000}"
clock +1s
a < connection.unblocked

scene "What waits in an exchange and what is held count, what was taken does not"
ctl set_vhost_limits "{\"max-bytes\": 1000}"
a connects
b connects
a opens 1
b opens 1
a 1 does exchange.declare exchange=later type="x-delayed-message" arguments={x-delayed-type: "direct"}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=keeps durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "dlx", x-dead-letter-strategy: "at-least-once"}
a 1 does queue.bind queue=q exchange=later routing_key="k"
a 1 > basic.publish exchange=later routing_key=k body_bytes=500 headers={x-delay: 60000}
a 1 > basic.publish routing_key=q body_bytes=400
b 1 does basic.get queue=q => body_bytes=400
a 1 > basic.publish routing_key=keeps body_bytes=300
a 1 does queue.declare queue=q passive
b 1 does basic.get queue=keeps => body_bytes=300
b 1 > basic.reject delivery_tag=2
a 1 > basic.publish routing_key=q body_bytes=200
a 1 > basic.publish routing_key=q body_bytes=1
a < connection.blocked reason="byte limit for vhost '/'"
b 1 does queue.delete queue=keeps
clock +1s
a < connection.unblocked

scene "Bytes are counted anew after a start"
broker durable
ctl set_vhost_limits "{\"max-bytes\": 1000}"
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 > basic.publish routing_key=q body_bytes=999 delivery_mode=2
a closes
blackout
ctl list_vhost_limits -s => 0 "{\"max-bytes\":1000}\n"
a connects
a opens 1
a 1 > basic.publish routing_key=q body_bytes=1 delivery_mode=2
a 1 > basic.publish routing_key=q body_bytes=1 delivery_mode=2
a < connection.blocked

scene "All connections together have so many channels"
broker channel_max_per_node=3
a connects
b connects
a opens 1 2
b opens 1
b 2 > channel.open
b refused 530 "NOT_ALLOWED - number of channels opened on node 'leveret' has reached the maximum allowed limit of (3)" none
a opens 3
a 1 does channel.close
a opens 4

scene "All virtual hosts together have so many queues and exchanges, and there are so many of them"
broker cluster_queue_limit=2 cluster_exchange_limit=17 vhost_max=2
ctl add_vhost red
ctl add_vhost red
ctl add_vhost blue => 69 "cannot create vhost 'blue': vhost limit of 2 is reached"
ctl import_definitions "{\"vhosts\":[{\"name\":\"blue\"}]}" => 65 "cannot create vhost 'blue': vhost limit of 2 is reached"
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects
b connects vhost=red
a opens 1
b opens 1
a 1 does queue.declare queue=q
b 1 does queue.declare queue=q
b 1 does queue.declare queue=q
b 1 > queue.declare queue=r
b 1 refused 406 "PRECONDITION_FAILED - cannot declare queue 'r': queue limit in cluster (2) is reached" queue.declare
b opens 1
a 1 does queue.delete queue=q
b 1 does queue.declare queue=r
a 1 does exchange.declare exchange=x1 type="direct"
b 1 does exchange.declare exchange=x2 type="direct"
b 1 does exchange.declare exchange=x2 type="direct"
b 1 > exchange.declare exchange=x3 type="direct"
b 1 refused 406 "PRECONDITION_FAILED - cannot declare exchange 'x3' in vhost 'red': exchange limit of 17 is reached" exchange.declare
ctl delete_vhost red
b refused 320 "CONNECTION_FORCED - vhost 'red' is deleted" none
ctl add_vhost blue
