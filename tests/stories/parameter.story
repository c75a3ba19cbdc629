# SPDX-License-Identifier: Apache-2.0
# Runtime parameters, of virtual hosts and global.

scene "Global parameters are any JSON, and stay"
broker durable
ctl set_global_parameter g1 "{\"b\": [1, 2.5, null, true, \"x\"], \"a\": {}}" => 0 "Setting global runtime parameter \"g1\" to"
ctl set_global_parameter g2 "\"str\""
ctl set_global_parameter g0 1e3
ctl set_global_parameter g2 "\"other\""
ctl -s list_global_parameters => 0 "g0\t1.0e3\ng1\t{\"a\":{},\"b\":[1,2.5,null,true,\"x\"]}\ng2\t\"other\"\n"
ctl clear_global_parameter g0
blackout
ctl list_global_parameters => 0 "Listing global runtime parameters ...\nname\tvalue\ng1\t{\"a\":{},\"b\":[1,2.5,null,true,\"x\"]}\ng2\t\"other\"\n"
ctl list_global_parameters --formatter json => 0 "[\n{\"name\":\"g1\",\"value\":\"{\\\"a\\\":{},\\\"b\\\":[1,2.5,null,true,\\\"x\\\"]}\"}\n,{\"name\":\"g2\",\"value\":\"\\\"other\\\"\"}\n]\n"
ctl clear_global_parameter g9 => 69 "Error:\nParameter does not exist\n"
ctl set_global_parameter g3 "{bad" => 69 "Error:\nCould not parse JSON document: {error,{failed_to_decode_json,<<\"{bad\">>}}\n"
ctl set_global_parameter 300*"g" 1 => 69 "the name has more than 255 bytes"

scene "Components that are not known are refused; policies have verbs of their own"
ctl set_parameter shovel a "{\"x\":1}" => 69 "Error:\nValidation failed\n\ncomponent shovel not found\n"
ctl set_parameter policy a "{\"x\":1}" => 69 "Error:\npolicies may not be set using this method\n"
ctl clear_parameter policy a => 69 "Error:\npolicies may not be cleared using this method\n"
ctl set_parameter leveret other true => 69 "component leveret has no parameter other"
ctl set_parameter leveret merge-policies 1 => 69 "merge-policies should be boolean"
ctl set_parameter leveret merge-policies tru => 69 "Could not parse JSON document"
ctl set_parameter -p none leveret merge-policies true => 65 "Virtual host 'none' does not exist"
ctl clear_parameter leveret merge-policies => 69 "Parameter does not exist"
ctl set_operator_policy o "^a" "{\"max-length\":3}" --priority 1
ctl list_parameters => 0 "Listing runtime parameters for vhost \"/\" ...\ncomponent\tname\tvalue\noperator_policy\to\t{\"pattern\":\"^a\",\"definition\":{\"max-length\":3},\"priority\":1,\"apply-to\":\"all\"}\n"

scene "The limits of a virtual host are a parameter too"
broker durable
ctl clear_parameter vhost-limits limits => 69 "Parameter does not exist"
ctl set_parameter vhost-limits limits "{\"max-queues\": 1}"
ctl list_parameters => 0 "component\tname\tvalue\nvhost-limits\tlimits\t{\"max-queues\":1}\n"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > queue.declare queue=q2
a 1 refused 406 ~"queue limit in vhost '/' (1) is reached" queue.declare
ctl set_parameter vhost-limits limits "{\"foo\":5}" => 69 "Error:\nValidation failed\n\nUnrecognised terms [{<<\"foo\">>,5}] in limits\n"
ctl set_parameter vhost-limits other "{\"max-queues\":5}" => 69 "component vhost-limits has no parameter other"
ctl clear_parameter vhost-limits limits
ctl -s list_parameters => 0 ""
a opens 1
a 1 does queue.declare queue=q2

scene "merge-policies: each key comes from the highest priority that has it, in that virtual host"
broker durable
a connects
a opens 1
ctl add_vhost red
ctl set_policy low "^q" "{\"max-length\":1,\"message-ttl\":500}" --priority 1
ctl set_policy high "^q" "{\"max-length\":2}" --priority 2
a 1 does queue.declare queue=q durable
ctl -s list_queues effective_policy_definition => 0 "[{<<\"max-length\">>, 2}]\n"
ctl set_parameter leveret merge-policies true => 0 "Setting runtime parameter \"merge-policies\" for component \"leveret\" to \"true\" in vhost \"/\" ...\n"
ctl -s list_queues policy effective_policy_definition policy_origins => 0 "high\t[{<<\"max-length\">>, 2}, {<<\"message-ttl\">>, 500}]\t[{<<\"max-length\">>, high}, {<<\"message-ttl\">>, low}]\n"
a 1 > basic.publish routing_key=q body="1"
clock +501ms
a 1 does queue.declare queue=q passive => message_count=0
ctl -s list_parameters => 0 "leveret\tmerge-policies\ttrue\n"
ctl -s list_parameters -p red => 0 ""
blackout
ctl -s list_queues policy_origins => 0 "[{<<\"max-length\">>, high}, {<<\"message-ttl\">>, low}]\n"
ctl clear_parameter leveret merge-policies => 0 "Clearing runtime parameter \"merge-policies\" for component \"leveret\" on vhost \"/\" ...\n"
ctl -s list_queues effective_policy_definition => 0 "[{<<\"max-length\">>, 2}]\n"
restart
ctl -s list_queues effective_policy_definition => 0 "[{<<\"max-length\">>, 2}]\n"
ctl -s list_parameters => 0 ""

scene "Parameters go with their virtual host"
broker durable
ctl add_vhost red
ctl set_parameter -p red leveret merge-policies true
ctl set_global_parameter g 1
ctl delete_vhost red
ctl add_vhost red
ctl -s list_parameters -p red => 0 ""
blackout
ctl -s list_parameters -p red => 0 ""
ctl -s list_global_parameters => 0 "g\t1\n"
