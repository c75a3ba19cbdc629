# SPDX-License-Identifier: Apache-2.0
# Users: who may come in, and what a change of them means for who is in.

scene "A new user may log in with its password, and nowhere without rights"
ctl add_user kate "secret" => 0 "Don't forget to grant the user permissions"
ctl set_permissions kate "" "" ""
a connects user="kate" password="secret"
a opens 1
b dials
b sends "AMQP\0\0\x09\x01"
b < connection.start
b > connection.start-ok client_properties={capabilities: {authentication_failure_close: true}} mechanism="PLAIN" response="\0kate\0wrong" locale="en_US"
b refused 403 "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile." none
ctl add_user kate "other" => 70 "User \"kate\" already exists"
ctl add_user "" "x" => 64 "1 to 255 bytes"
ctl add_user "kate\x01" "x" => 64 "no control characters"
ctl add_user tom "" => 64 "password cannot be empty string."

scene "AMQPLAIN asks for the same password"
ctl add_user kate "secret"
ctl set_permissions kate "" "" ""
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="AMQPLAIN" response="\x05LOGINS\0\0\0\x04kate\x08PASSWORDS\0\0\0\x06secret" locale="en_US"
a < connection.tune

scene "Without rights in a virtual host there is no way in"
ctl add_user kate "secret"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0kate\0secret" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host="/"
a refused 530 "NOT_ALLOWED - access to vhost '/' refused for user 'kate'" connection.open

scene "Only the default user is kept to this machine"
ctl add_user kate "secret"
ctl set_permissions kate "" "" ""
a dials far
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0kate\0secret" locale="en_US"
a < connection.tune
b dials far
b sends "AMQP\0\0\x09\x01"
b < connection.start
b > connection.start-ok client_properties={capabilities: {authentication_failure_close: true}} mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
b refused 403 ~"Login was refused" none

scene "A changed password counts from the next login on"
ctl add_user kate "old"
ctl set_permissions kate ".*" "" ""
a connects user="kate" password="old"
a opens 1
ctl change_password kate "new"
a 1 does queue.declare queue=q
ctl authenticate_user kate "old" => 65 "user 'kate' - invalid credentials"
ctl authenticate_user kate "new" => 0 "Success"
ctl clear_password kate
ctl authenticate_user kate "new" => 65 "failed to authenticate user \"kate\""
ctl authenticate_user kate "" => 65 "failed"
ctl change_password nobody "x" => 67 "User \"nobody\" does not exist"
ctl clear_password nobody => 67 "User \"nobody\" does not exist"
ctl set_user_tags nobody => 67 "User \"nobody\" does not exist"
ctl authenticate_user nobody "x" => 65 "user 'nobody' - invalid credentials"

scene "A password may come as its hash"
ctl add_user --pre-hashed-password kate "c2FsdL7ekDhtRQzqi3e4IviIcGXk5avxMsL53M/Mf71Mul41"
ctl authenticate_user kate "secret"
ctl add_user --pre-hashed-password tom "c2FsdA==" => 64 "the hash is not one"

scene "A deleted user's connections are closed"
ctl add_user kate "secret"
ctl set_permissions kate ".*" ".*" ".*"
a connects user="kate" password="secret"
a opens 1
b connects
ctl delete_user kate
a refused 320 "CONNECTION_FORCED - user 'kate' was deleted" none
ctl authenticate_user kate "secret" => 65 "invalid credentials"
ctl delete_user kate => 67 "User \"kate\" does not exist"
ctl add_user kate "secret"
ctl list_permissions -s => 0 "guest\t.*\t.*\t.*\n"
ctl list_user_permissions kate -s => 0

scene "Tags are shown, and one of them allows to publish in the name of others"
ctl set_user_tags guest monitoring "a, b"
ctl list_users => 0 "user\ttags\nguest\t[monitoring, a, b]\n"
a connects
a opens 1
a 1 > basic.publish routing_key=q user_id="kate" body="x"
a 1 refused 406 "PRECONDITION_FAILED - user_id property set to 'kate' but authenticated user was 'guest'" basic.publish
ctl set_user_tags guest administrator impersonator
a opens 2
a 2 does queue.declare queue=q
a 2 > basic.publish routing_key=q user_id="kate" body="x"
a 2 > basic.get queue=q no_ack
a 2 < basic.get-ok user_id="kate" body="x"

scene "Users stay, and what they may do; the default user comes once"
broker durable
ctl add_user kate "secret"
ctl set_user_tags kate management
ctl set_permissions kate "^k" "" "^k"
ctl set_topic_permissions kate "amq.topic" "^a" "^b"
ctl delete_user guest
blackout
ctl list_users -s => 0 "kate\t[management]\n"
ctl authenticate_user kate "secret"
ctl authenticate_user guest "guest" => 65 "invalid credentials"
ctl list_permissions -s => 0 "kate\t^k\t\t^k\n"
ctl list_topic_permissions -s => 0 "kate\tamq.topic\t^a\t^b\n"
a connects user="kate" password="secret"
a opens 1
a 1 does queue.declare queue="k1"
a 1 > queue.declare queue="x1"
a 1 refused 403 "ACCESS_REFUSED - configure access to queue 'x1' in vhost '/' refused for user 'kate'" queue.declare

scene "All connections of a user are closed, and those of no other"
ctl add_user kate "k"
ctl set_permissions kate ".*" ".*" ".*"
a connects user=kate password=k
b connects user=kate password=k
c connects
b opens 1
ctl close_all_user_connections kate "go home" => 0 "Closing connections of user kate, reason: go home...\n"
a refused 320 "CONNECTION_FORCED - go home" none
b refused 320 "CONNECTION_FORCED - go home" none
c opens 1
ctl close_all_user_connections nobody "go home"
c opens 2
