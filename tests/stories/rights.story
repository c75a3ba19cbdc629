# SPDX-License-Identifier: Apache-2.0
# What a user may do: three patterns for each virtual host, which are found in names.

scene "Declaring and deleting is to configure"
ctl add_user kate "k"
ctl set_permissions kate "^mine" "" ""
a connects
a opens 1
a 1 does queue.declare queue="other"
a 1 does exchange.declare exchange="otherx" type="direct"
b connects user="kate" password="k"
b opens 1 2 3 4 5 6
b 1 does queue.declare queue="mine.q"
b 1 does exchange.declare exchange="mine.x" type="topic"
b 1 does queue.delete queue="mine.q"
b 1 does exchange.delete exchange="mine.x"
b 1 > queue.declare queue="q"
b 1 refused 403 "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'kate'" queue.declare
b 2 > exchange.declare exchange="x" type="direct"
b 2 refused 403 "ACCESS_REFUSED - configure access to exchange 'x' in vhost '/' refused for user 'kate'" exchange.declare
b 3 > queue.delete queue="other"
b 3 refused 403 "ACCESS_REFUSED - configure access to queue 'other' in vhost '/' refused for user 'kate'" queue.delete
b 4 > exchange.delete exchange="otherx"
b 4 refused 403 "ACCESS_REFUSED - configure access to exchange 'otherx' in vhost '/' refused for user 'kate'" exchange.delete
b 5 > queue.delete queue="nowhere"
b 5 refused 403 "ACCESS_REFUSED - configure access to queue 'nowhere' in vhost '/' refused for user 'kate'" queue.delete
b 6 > queue.declare
b 6 refused 403 ~"configure access to queue 'amq.gen-" queue.declare

scene "Whether something is there is told to who has any right to it"
ctl add_user kate "k"
ctl set_permissions kate "" "" "^r"
a connects
a opens 1
a 1 does queue.declare queue="r"
a 1 does queue.declare queue="q"
a 1 does exchange.declare exchange="x" type="direct"
b connects user="kate" password="k"
b opens 1 2 3
b 1 does queue.declare queue="r" passive
b 1 > queue.declare queue="q" passive
b 1 refused 403 "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'kate'" queue.declare
b 2 > queue.declare queue="none" passive
b 2 refused 403 "ACCESS_REFUSED - configure access to queue 'none' in vhost '/' refused for user 'kate'" queue.declare
b 3 > exchange.declare exchange="x" passive
b 3 refused 403 "ACCESS_REFUSED - configure access to exchange 'x' in vhost '/' refused for user 'kate'" exchange.declare

scene "Publishing is to write"
ctl add_user kate "k"
ctl set_permissions kate "" "^x$" ""
a connects
a opens 1
a 1 does exchange.declare exchange="x" type="fanout"
a 1 does exchange.declare exchange="xx" type="fanout"
a 1 does queue.declare queue="q"
a 1 does queue.bind queue="q" exchange="x"
b connects user="kate" password="k"
b opens 1 2 3
b 1 does confirm.select
b 1 > basic.publish exchange="x" body="one"
b 1 > basic.publish exchange="x" body="two"
b 1 confirmed 1..2
b 1 > basic.publish exchange="xx" body="three"
b 1 refused 403 "ACCESS_REFUSED - write access to exchange 'xx' in vhost '/' refused for user 'kate'" basic.publish
b 2 > basic.publish routing_key="q" body="four"
b 2 refused 403 "ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' refused for user 'kate'" basic.publish
b 3 > basic.publish exchange="none" body="five"
b 3 refused 403 "ACCESS_REFUSED - write access to exchange 'none' in vhost '/' refused for user 'kate'" basic.publish
a 1 does queue.purge queue="q" => message_count=2

scene "The default exchange has a name for patterns"
ctl add_user kate "k"
ctl set_permissions kate "" "^amq\\.default$" ""
a connects
a opens 1
a 1 does queue.declare queue="q"
b connects user="kate" password="k"
b opens 1
b 1 > basic.publish routing_key="q" body="one"
a 1 > basic.get queue="q" no_ack
a 1 < basic.get-ok body="one"

scene "Consuming, getting and purging is to read"
ctl add_user kate "k"
ctl set_permissions kate "" "" "^q$"
a connects
a opens 1
a 1 does queue.declare queue="q"
a 1 does queue.declare queue="other"
b connects user="kate" password="k"
b opens 1 2 3 4
b 1 does basic.consume queue="q"
b 1 > basic.get queue="q"
b 1 < basic.get-empty
b 1 does queue.purge queue="q"
b 1 > basic.get queue="other"
b 1 refused 403 "ACCESS_REFUSED - read access to queue 'other' in vhost '/' refused for user 'kate'" basic.get
b 2 > basic.consume queue="other"
b 2 refused 403 "ACCESS_REFUSED - read access to queue 'other' in vhost '/' refused for user 'kate'" basic.consume
b 3 > queue.purge queue="other"
b 3 refused 403 "ACCESS_REFUSED - read access to queue 'other' in vhost '/' refused for user 'kate'" queue.purge
b 4 > basic.get queue="none"
b 4 refused 403 "ACCESS_REFUSED - read access to queue 'none' in vhost '/' refused for user 'kate'" basic.get

scene "Binding is to write to the one and to read the other"
ctl add_user kate "k"
ctl set_permissions kate "" "^(q|to)$" "^from$"
a connects
a opens 1
a 1 does queue.declare queue="q"
a 1 does queue.declare queue="other"
a 1 does exchange.declare exchange="from" type="direct"
a 1 does exchange.declare exchange="to" type="direct"
a 1 does exchange.declare exchange="x" type="direct"
b connects user="kate" password="k"
b opens 1 2 3 4 5 6
b 1 does queue.bind queue="q" exchange="from" routing_key="k"
b 1 does queue.unbind queue="q" exchange="from" routing_key="k"
b 1 does exchange.bind destination="to" source="from" routing_key="k"
b 1 does exchange.unbind destination="to" source="from" routing_key="k"
b 1 > queue.bind queue="other" exchange="from"
b 1 refused 403 "ACCESS_REFUSED - write access to queue 'other' in vhost '/' refused for user 'kate'" queue.bind
b 2 > queue.bind queue="q" exchange="x"
b 2 refused 403 "ACCESS_REFUSED - read access to exchange 'x' in vhost '/' refused for user 'kate'" queue.bind
b 3 > exchange.bind destination="x" source="from"
b 3 refused 403 "ACCESS_REFUSED - write access to exchange 'x' in vhost '/' refused for user 'kate'" exchange.bind
b 4 > exchange.bind destination="to" source="x"
b 4 refused 403 "ACCESS_REFUSED - read access to exchange 'x' in vhost '/' refused for user 'kate'" exchange.bind
b 5 > queue.unbind queue="other" exchange="from"
b 5 refused 403 ~"write access to queue 'other'" queue.unbind
b 6 > exchange.unbind destination="x" source="from"
b 6 refused 403 ~"write access to exchange 'x'" exchange.unbind

scene "Where messages go on to has to be writable"
ctl add_user kate "k"
ctl set_permissions kate "^k" "^allowed$" "^k.r"
b connects user="kate" password="k"
b opens 1 2 3 4
b 1 does queue.declare queue="k.r1" arguments={x-dead-letter-exchange: "allowed"}
b 1 does exchange.declare exchange="k.r2" type="direct" arguments={alternate-exchange: "allowed"}
b 1 > queue.declare queue="k.r3" arguments={x-dead-letter-exchange: "secret"}
b 1 refused 403 "ACCESS_REFUSED - write access to exchange 'secret' in vhost '/' refused for user 'kate'" queue.declare
b 2 > queue.declare queue="k.q" arguments={x-dead-letter-exchange: "allowed"}
b 2 refused 403 "ACCESS_REFUSED - read access to queue 'k.q' in vhost '/' refused for user 'kate'" queue.declare
b 3 > exchange.declare exchange="k.r4" type="direct" arguments={alternate-exchange: "secret"}
b 3 refused 403 "ACCESS_REFUSED - write access to exchange 'secret' in vhost '/' refused for user 'kate'" exchange.declare
b 4 > exchange.declare exchange="k.x" type="direct" arguments={alternate-exchange: "allowed"}
b 4 refused 403 "ACCESS_REFUSED - read access to exchange 'k.x' in vhost '/' refused for user 'kate'" exchange.declare

scene "A change of rights holds at once, also for who publishes and consumes"
ctl add_user kate "k"
ctl set_permissions kate ".*" ".*" ".*"
a connects
a opens 1
a 1 does queue.declare queue="q"
b connects user="kate" password="k"
b opens 1 2
b 1 does confirm.select
b 1 > basic.publish routing_key="q" body="one"
b 1 confirmed 1
b 2 does basic.consume queue="q" consumer_tag="c" no_ack
b 2 < basic.deliver body="one"
ctl set_permissions kate "" "" ""
b 2 < basic.cancel consumer_tag="c"
b 1 > basic.publish routing_key="q" body="two"
b 1 refused 403 ~"write access to exchange 'amq.default'" basic.publish
ctl set_permissions kate "" ".*" ""
b opens 1
b 1 > basic.publish routing_key="q" body="three"
ctl clear_permissions kate
b 1 > basic.publish routing_key="q" body="four"
b 1 refused 403 ~"write access to exchange 'amq.default'" basic.publish
a 1 does queue.purge queue="q" => message_count=1

scene "What was allowed for one exchange is not for another of its name"
ctl add_user kate "k"
ctl set_permissions kate "" "^x$" ""
a connects
a opens 1
a 1 does exchange.declare exchange="x" type="fanout"
b connects user="kate" password="k"
b opens 1
b 1 > basic.publish exchange="x" body="one"
a 1 does exchange.delete exchange="x"
a 1 does exchange.declare exchange="y" type="fanout"
b 1 > basic.publish exchange="y" body="two"
b 1 refused 403 "ACCESS_REFUSED - write access to exchange 'y' in vhost '/' refused for user 'kate'" basic.publish

scene "Rights are those of one virtual host"
ctl add_vhost red
ctl add_user kate "k"
ctl set_permissions kate ".*" ".*" ".*"
ctl set_permissions -p red kate "" "" ""
a connects user="kate" password="k"
a opens 1
b connects user="kate" password="k" vhost="red"
b opens 1
a 1 does queue.declare queue="q"
b 1 > queue.declare queue="q"
b 1 refused 403 "ACCESS_REFUSED - configure access to queue 'q' in vhost 'red' refused for user 'kate'" queue.declare
ctl list_user_permissions kate -s => 0 "/\t.*\t.*\t.*\nred\t\t\t\n"
ctl delete_vhost red
b refused 320 ~"vhost 'red' is deleted" none
ctl list_user_permissions kate -s => 0 "/\t.*\t.*\t.*\n"

scene "A pattern that never ends allows nothing, and keeps nobody waiting"
ctl add_user kate "k"
ctl set_permissions kate "^(a+)+$" "" ""
a connects user="kate" password="k"
a opens 1
a 1 > queue.declare queue=200*"a"+"b"
a 1 refused 403 ~"configure access to queue 'aaaa" queue.declare

scene "What is no pattern is refused, and what was granted stays"
ctl add_user kate "k"
ctl set_permissions kate "^k" "" ""
ctl set_permissions kate "(" "" "" => 70 "invalid regular expression"
ctl list_permissions -s => 0 "kate\t^k\t\t\n"
ctl set_permissions nobody "" "" "" => 67 "User \"nobody\" does not exist"
ctl set_permissions -p nowhere kate "" "" "" => 65 "Virtual host 'nowhere' does not exist"
ctl clear_permissions nobody => 67 "User \"nobody\" does not exist"
ctl list_user_permissions nobody => 67 "User \"nobody\" does not exist"

scene "Topics: keys of a topic exchange may be kept to patterns"
ctl add_user kate "k"
ctl set_permissions kate ".*" ".*" ".*"
ctl set_topic_permissions kate "amq.topic" "^{username}\\." "^news\\."
a connects user="kate" password="k"
a opens 1 2 3 4 5 6
a 1 does queue.declare queue="q"
a 1 does confirm.select
a 1 > basic.publish exchange="amq.topic" routing_key="kate.one" body="x"
a 1 confirmed 1
a 1 > basic.publish exchange="amq.topic" routing_key="tom.one" body="x"
a 1 refused 403 "ACCESS_REFUSED - write access to topic 'tom.one' in exchange 'amq.topic' in vhost '/' refused for user 'kate'" basic.publish
a 2 > basic.publish exchange="amq.topic" routing_key="kate.one" headers={CC: ["kate.two", "tom.two"]} body="x"
a 2 refused 403 "ACCESS_REFUSED - write access to topic 'tom.two' in exchange 'amq.topic' in vhost '/' refused for user 'kate'" basic.publish
a 3 > basic.publish exchange="amq.topic" routing_key="kate.one" headers={BCC: ["tom.three"]} body="x"
a 3 refused 403 ~"write access to topic 'tom.three'" basic.publish
a 4 does queue.bind queue="q" exchange="amq.topic" routing_key="news.#"
a 4 > queue.bind queue="q" exchange="amq.topic" routing_key="#"
a 4 refused 403 "ACCESS_REFUSED - read access to topic '#' in exchange 'amq.topic' in vhost '/' refused for user 'kate'" queue.bind
a 5 > exchange.bind destination="amq.fanout" source="amq.topic" routing_key="#"
a 5 refused 403 ~"read access to topic '#'" exchange.bind
a 6 > basic.publish exchange="amq.direct" routing_key="tom" body="x"
a 6 does queue.bind queue="q" exchange="amq.direct" routing_key="tom"
ctl clear_topic_permissions kate "amq.topic"
a 6 > basic.publish exchange="amq.topic" routing_key="tom.one" body="x"
a 6 does queue.declare queue="q2"

scene "Topics: a name in a pattern is a name, whatever its characters mean"
ctl add_user ".*" "k"
ctl set_permissions ".*" ".*" ".*" ".*"
ctl set_topic_permissions ".*" "amq.topic" "^{username}@{vhost}$" ".*"
a connects user=".*" password="k"
a opens 1
a 1 does confirm.select
a 1 > basic.publish exchange="amq.topic" routing_key=".*@/" body="x"
a 1 confirmed 1
a 1 > basic.publish exchange="amq.topic" routing_key="kate@/" body="x"
a 1 refused 403 ~"write access to topic 'kate@/'" basic.publish
ctl list_topic_permissions -s => 0 ".*\tamq.topic\t^{username}@{vhost}$\t.*\n"
ctl list_user_topic_permissions ".*" -s => 0 "/\tamq.topic\t^{username}@{vhost}$\t.*\n"
ctl clear_topic_permissions ".*"
ctl list_topic_permissions -s => 0

scene "set_permissions_globally: in all virtual hosts that there are"
ctl add_vhost red
ctl add_user kate secret
ctl set_permissions -p red kate "^old" "" ""
ctl set_permissions_globally kate "^k" ".*" "^r" => 0 "Setting permissions for user \"kate\" in all virtual hosts ...\n"
ctl add_vhost late
ctl list_user_permissions kate -s => 0 "red\t^k\t.*\t^r\n/\t^k\t.*\t^r\n"
a connects user=kate password=secret vhost=red
a opens 1
a 1 does queue.declare queue=k1
a 1 > queue.declare queue=old
a 1 refused 403 "ACCESS_REFUSED - configure access to queue 'old' in vhost 'red' refused for user 'kate'" queue.declare
a closes
ctl set_permissions_globally nobody ".*" ".*" ".*" => 67 "User \"nobody\" does not exist"
ctl set_permissions_globally kate "(" ".*" ".*" => 70 "invalid regular expression"
ctl list_user_permissions kate -s => 0 "red\t^k\t.*\t^r\n/\t^k\t.*\t^r\n"
repeat 200
  ctl add_vhost "many $i"
end
ctl set_permissions_globally kate "all" "" ""
ctl list_permissions -p "many 200" -s => 0 "kate\tall\t\t\n"
ctl list_permissions -p "/" -s => 0 "kate\tall\t\t\n"
