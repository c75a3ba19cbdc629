# How a connection begins: the protocol header, the login, the tuning, the virtual host.

scene "A client logs in with PLAIN and opens the virtual host"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start version_major=0 version_minor=9 mechanisms="PLAIN AMQPLAIN" locales="en_US" server_properties~{product: "RabbitMQ"}
a > connection.start-ok client_properties={product: "story"} mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune channel_max=2047 frame_max=131072 heartbeat=60
a > connection.tune-ok channel_max=2047 frame_max=131072 heartbeat=60
a < nothing
a > connection.open virtual_host="/"
a < connection.open-ok reserved_1=""
a closes

scene "The server says what it can do"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start server_properties~{capabilities: {publisher_confirms: true, exchange_exchange_bindings: true, basic.nack: true, consumer_cancel_notify: true, connection.blocked: true, consumer_priorities: true, authentication_failure_close: true, per_consumer_qos: true}}
a leaves

scene "A client logs in with AMQPLAIN"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="AMQPLAIN" response="\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host="/"
a < connection.open-ok
a closes

scene "Nobody comes in as somebody else"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="someone\0guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "A wrong password is told to a client that can take it"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok client_properties={capabilities: {authentication_failure_close: true}} mechanism="PLAIN" response="\0guest\0wrong" locale="en_US"
a refused 403 "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile." none

scene "A wrong user gets the same words as a wrong password"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok client_properties={capabilities: {authentication_failure_close: true}} mechanism="PLAIN" response="\0nobody\0guest" locale="en_US"
a refused 403 "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile." none

scene "The mechanism is named as it was chosen"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok client_properties={capabilities: {authentication_failure_close: true}} mechanism="AMQPLAIN" response="\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05wrong" locale="en_US"
a refused 403 "ACCESS_REFUSED - Login was refused using authentication mechanism AMQPLAIN. For details see the broker logfile." none

scene "Without that capability a wrong password meets silence, and then the end"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0wrong" locale="en_US"
a < nothing
clock +2900ms
a < nothing
clock +100ms
a dropped

scene "guest may log in from the machine itself only"
a dials far
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok client_properties={capabilities: {authentication_failure_close: true}} mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a refused 403 "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile." none

scene "A virtual host that does not exist"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host="nope"
a refused 530 "NOT_ALLOWED - vhost nope not found" connection.open

scene "A virtual host without a name"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host=""
a refused 530 "NOT_ALLOWED - vhost  not found" connection.open

# ---- the header ----

scene "Anything but our header is answered with it, and the line is cut"
a dials
a sends "rubbish!"
a < "AMQP\0\0\x09\x01"
a closed

scene "A browser"
a dials
a sends "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
a < "AMQP\0\0\x09\x01"
a closed

scene "A TLS client on the plain port"
a dials
a sends hex:16030100c8010000c40303
a < "AMQP\0\0\x09\x01"
a closed

scene "AMQP 0-8"
a dials
a sends "AMQP\x01\x01\x08\x00"
a < "AMQP\0\0\x09\x01"
a closed

scene "AMQP 0-9, as old clients write it, is taken"
a dials
a sends "AMQP\x01\x01\x00\x09"
a < connection.start
a leaves

scene "AMQP 0-9-0 and 0-10"
a dials
a sends "AMQP\0\0\x09\x00"
a < "AMQP\0\0\x09\x01"
a closed
a dials
a sends "AMQP\0\0\x0a\x00"
a < "AMQP\0\0\x09\x01"
a closed

scene "AMQP 1.0, bare and with SASL"
a dials
a sends "AMQP\0\x01\0\0"
a < "AMQP\0\0\x09\x01"
a closed
a dials
a sends "AMQP\x03\x01\0\0"
a < "AMQP\0\0\x09\x01"
a closed

# ---- silence ----

scene "Who says nothing at all is let go after five seconds"
a dials
clock +4900ms
a < nothing
clock +100ms
a dropped

scene "Seven bytes of header, then silence: ten seconds"
a dials
a sends "AMQP\0\0\x09"
clock +9900ms
a < nothing
clock +100ms
a dropped

scene "The header, then silence: ten seconds"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
clock +9900ms
a < nothing
clock +100ms
a dropped

scene "The ten seconds count from the first moment, and end with connection.open"
a dials
clock +4s
a sends "AMQP\0\0\x09\x01"
a < connection.start
clock +3s
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
clock +2900ms
a < nothing
clock +100ms
a dropped

scene "Once open a connection without heartbeats may be silent for days"
a connects heartbeat=0
clock +200000s
a < nothing
a closes

scene "A client that drips one byte a second does not get past ten seconds"
a dials
repeat 7
a sends "A"
clock +1s
end
a < nothing
a sends "A"
a < "AMQP\0\0\x09\x01"
a closed

# ---- tuning ----

scene "A client may ask for less"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=1 frame_max=4096 heartbeat=0
a > connection.open virtual_host="/"
a < connection.open-ok
a opens 1
a closes

scene "The broker's own numbers are configurable"
broker channel_max=10 frame_max=8192 heartbeat_s=7
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune channel_max=10 frame_max=8192 heartbeat=7
a leaves

scene "A frame_max below the minimum"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=4095
a refused 530 "NOT_ALLOWED - negotiated frame_max = 4095 is lower than the minimum allowed value (4096)" connection.tune-ok

scene "A frame_max above what was offered"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131073
a refused 530 "NOT_ALLOWED - negotiated frame_max = 131073 is higher than the maximum allowed value (131072)" connection.tune-ok

scene "No limit to frames is more than was offered"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=0
a refused 530 "NOT_ALLOWED - negotiated frame_max = 0 is higher than the maximum allowed value (131072)" connection.tune-ok

scene "More channels than were offered"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2048 frame_max=131072
a refused 530 "NOT_ALLOWED - negotiated channel_max = 2048 is higher than the maximum allowed value (2047)" connection.tune-ok

scene "No limit to channels is more than was offered"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=0 frame_max=131072
a refused 530 "NOT_ALLOWED - negotiated channel_max = 0 is higher than the maximum allowed value (2047)" connection.tune-ok

# ---- strangers are told nothing ----

scene "A mechanism that was not offered"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="EXTERNAL" response="" locale="en_US"
a < nothing
clock +3s
a dropped

scene "PLAIN without its two zeros"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "PLAIN with an empty response"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="" locale="en_US"
a < nothing
clock +3s
a dropped

scene "AMQPLAIN without a password"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="AMQPLAIN" response="\x05LOGINS\0\0\0\x05guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "connection.open before start-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.open virtual_host="/"
a < nothing
clock +3s
a dropped

scene "A channel before connection.open"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a 1 > channel.open
a refused 505 "UNEXPECTED_FRAME - type 1…" none

scene "A second start-ok after tune"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "secure-ok that nobody asked for"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.secure-ok response="x"
a < nothing
clock +3s
a dropped

scene "connection.close before the login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.close reply_code=200 reply_text="bye"
a < nothing
clock +3s
a dropped

scene "A heartbeat before start-ok is ignored"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > heartbeat
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a leaves

scene "Client properties that are cut short"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=hex:000a000b00000010+"\x07product"
a < nothing
clock +3s
a dropped

scene "Client properties of a type nobody knows"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok client_properties="\x01aZ" mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "Client properties nested deeper than 32"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok client_properties=nested:512 mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "Client properties nested 30 deep are fine"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok client_properties=nested:30 mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a leaves

scene "A start-ok of 8,192 bytes at most"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 size=0xFFFFFFFF payload=hex:000a000b
a < nothing
clock +3s
a dropped
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=100000*"x"
a < nothing
clock +3s
a dropped

scene "Ending at once, in every state, leaves nothing behind"
a dials
a leaves
a dials
a sends "AMQP"
a leaves
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a leaves
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a leaves
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a leaves
a connects
a leaves
