/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to the broker in the siege, as bytes. */
#ifndef HOSTILE_WORDS_H
#define HOSTILE_WORDS_H

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define BYTES(text) (text), sizeof(text) - 1

#define HEADER "AMQP\0\0\x09\x01"
#define START_OK \
	"\1\0\0\0\0\0\x24\0\x0a\0\x0b\0\0\0\0\5PLAIN\0\0\0\x0c\0guest\0guest\5en_US\xce"
#define TUNE_OK "\1\0\0\0\0\0\x0c\0\x0a\0\x1f\7\xff\0\2\0\0\0\0\xce"
#define OPEN "\1\0\0\0\0\0\x08\0\x0a\0\x28\1/\0\0\xce"
#define CHANNEL_OPEN "\1\0\1\0\0\0\5\0\x14\0\x0a\0\xce"
#define PUBLISH "\1\0\1\0\0\0\x0c\0\x3c\0\x28\0\0\0\3abc\0\xce"
#define CONTENT_HEADER "\2\0\1\0\0\0\x0e\0\x3c\0\0\0\0\0\0\0\0\0\0\0\0\xce"
/* queue.declare of abc, which is where the publishes go if there is one. */
#define DECLARE "\1\0\1\0\0\0\x0f\0\x32\0\x0a\0\0\3abc\0\0\0\0\0\xce"
#define HEARTBEAT "\10\0\0\0\0\0\0\xce"

#endif
