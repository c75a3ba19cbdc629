# SPDX-License-Identifier: Apache-2.0
"""Transfers by number, between accounts: the same number, the same transfer."""
import random

ACCOUNTS = 100


def transfer(number):
    dice = random.Random(number)
    payer, payee = dice.sample(range(ACCOUNTS), 2)
    return {'payer': payer, 'payee': payee, 'cents': dice.randint(1, 10_000)}


def book(balances, event):
    balances[event['payer']] -= event['cents']
    balances[event['payee']] += event['cents']
