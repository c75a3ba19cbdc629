#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program while something of everything is in the broker.

usage: with_scene.py PROGRAM ...    the last argument it gets is the address
"""
import subprocess
import sys

import api

scene = api.Scene()
sys.stdout.flush()
code = subprocess.call([*sys.argv[1:], f'http://{api.HOST}:{api.WEB}'], timeout=50)
sys.exit(code or api.failed != 0)
