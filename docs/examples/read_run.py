"""Reads a run from its documents (lectern run export RUN --format jsonl): python3 read_run.py RUN.jsonl"""
import json, sys
values, times = {}, {}
for name, doc in map(json.loads, open(sys.argv[1], encoding="utf-8")):
    if name == "descriptor" and doc["name"] == "primary":
        keys = doc["data_keys"]
    elif name == "event_page":
        for channel, data in doc["data"].items():
            values.setdefault(channel, []).extend(data)  # None: missing
            times.setdefault(channel, []).extend(doc["timestamps"][channel])  # seconds since 1970
for channel, v in values.items():
    print(f"{channel:12} {len(v)} samples from {times[channel][0]:.3f}, last {v[-1]} {keys[channel].get('units', '')}")
