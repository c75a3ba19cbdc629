# What strangers send before they have logged in.  They are told nothing: silence for three seconds,
# then the end; one case a scene, and nothing of it is kept.

scene "A channel number in start-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a 1 > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "tune-ok instead of start-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.tune-ok channel_max=2047 frame_max=131072
a < nothing
clock +3s
a dropped

scene "A content header instead of start-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > header body_bytes=1000000
a < nothing
clock +3s
a dropped

scene "A body instead of start-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a 1 > body 4000*"x"
a < nothing
clock +3s
a dropped

scene "A frame of no known type instead of start-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=9 payload="x"
a < nothing
clock +3s
a dropped

scene "A wrong end octet before the login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=hex:000a000b end=0
a < nothing
clock +3s
a dropped

scene "A class that does not exist, before the login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=hex:03e70001
a < nothing
clock +3s
a dropped

scene "A method frame of no bytes before the login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=""
a < nothing
clock +3s
a dropped

scene "The protocol header twice"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends "AMQP\0\0\x09\x01"
a < nothing
clock +3s
a dropped

scene "A publish without a login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a 1 > basic.publish routing_key=q body="x"
a < nothing
clock +3s
a dropped

scene "channel.open without a login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a 1 > channel.open
a < nothing
clock +3s
a dropped

scene "connection.close-ok without a login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.close-ok
a < nothing
clock +3s
a dropped

scene "update-secret without a login"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=hex:000a0046+"\0\0\0\x01x\x01y"
a < nothing
clock +3s
a dropped

scene "start-ok with bytes left over"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=hex:000a000b00000000+"\x05PLAIN\0\0\0\x0c\0guest\0guest\x05en_US"+"too much"
a < nothing
clock +3s
a dropped

scene "start-ok whose response is longer than the frame"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a sends-frame type=1 payload=hex:000a000b00000000+"\x05PLAIN\xff\xff\xff\xff\0guest\0guest"
a < nothing
clock +3s
a dropped

scene "A mechanism without a name"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="" response="\0guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "A mechanism is named in capitals"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="plain" response="\0guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "PLAIN with one zero"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="guest\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "PLAIN with a zero in the password"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest\0" locale="en_US"
a < nothing
clock +3s
a dropped

scene "PLAIN with eight thousand bytes of user"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0"+8000*"u"+"\0guest" locale="en_US"
a < nothing
clock +3s
a dropped

scene "AMQPLAIN with a table that is none"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="AMQPLAIN" response="rubbish" locale="en_US"
a < nothing
clock +3s
a dropped

scene "AMQPLAIN with a number for a password"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="AMQPLAIN" response="\x05LOGINS\0\0\0\x05guest\x08PASSWORDI\0\0\0\x05" locale="en_US"
a < nothing
clock +3s
a dropped

scene "connection.close before connection.open"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.close reply_code=200
a refused 504 "CHANNEL_ERROR - unexpected method in connection state opening" connection.close

scene "A bad frame before connection.open"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a sends-frame type=1 payload="x" end=0
a refused 501 "FRAME_ERROR - type 1, invalid frame end marker" none

scene "connection.open before tune-ok"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.open virtual_host="/"
a < nothing
clock +3s
a dropped

scene "tune-ok twice"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.tune-ok channel_max=2047 frame_max=131072
a refused 504 "CHANNEL_ERROR - unexpected method in connection state opening" connection.tune-ok

scene "tune-ok cut short"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a sends-frame type=1 payload=hex:000a001f07ff0002
a < nothing
clock +3s
a dropped

scene "The longest heartbeat, the fewest channels"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="xx_YY"
a < connection.tune
a > connection.tune-ok channel_max=1 frame_max=131072 heartbeat=65535
a > connection.open virtual_host="/"
a < connection.open-ok
a closes

scene "A virtual host with a zero in its name"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host="a\0b"
a refused 530 "NOT_ALLOWED - vhost a not found" connection.open

scene "A virtual host with the longest name"
a dials
a sends "AMQP\0\0\x09\x01"
a < connection.start
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a < connection.tune
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host=255*"v"
a < connection.close reply_code=530 reply_text="NOT_ALLOWED - vhost vvvvvvvv…"
a > connection.close-ok
a closed

scene "A whole session in one piece"
a dials
a sends "AMQP\0\0\x09\x01"
a > connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US"
a > connection.tune-ok channel_max=2047 frame_max=131072
a > connection.open virtual_host="/"
a 1 > channel.open
a > connection.close reply_code=200
a < connection.start
a < connection.tune
a < connection.open-ok
a 1 < channel.open-ok
a < connection.close-ok
a leaves
