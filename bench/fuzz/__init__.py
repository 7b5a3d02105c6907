"""Fuzzing of the readers: no crash, no hang, no lost row (模糊测试).

``guided`` lets coverage lead bytes into the readers; ``shaped`` writes good exports, damages one place and asks where
every other row went. ``python -m bench.fuzz`` runs both on every reader and writes bench/FUZZ.md.
"""
