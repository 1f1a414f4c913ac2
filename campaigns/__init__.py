"""Campaigns and what they dial: lists, leads, do-not-call, attempts; stored, claimed, imported.

``campaign`` says what a campaign is. Who may be dialled when, an attempt's stages and the pacing
are the dialer's (``dialer/``); calls are placed by ``engine/outbound``.
"""
