# SPDX-License-Identifier: Apache-2.0
"""Sentences by number: the same number, the same sentence."""
import random

WORDS = '''the a and of to in it is that was for on with as at by be not this but from have they
you we all one had there what when said can will some time into more up out than then now look only
come over think also back after use two how work first well way even new want because any give day
most hare field fox river hill grass night moon run wait listen letter stream queue message river
broker word count number road house tree wind rain snow summer winter morning evening'''.split()
COMMON = [1 / rank for rank in range(1, len(WORDS) + 1)]


def sentence(number):
    dice = random.Random(number)
    return ' '.join(dice.choices(WORDS, COMMON, k=dice.randint(4, 9)))
