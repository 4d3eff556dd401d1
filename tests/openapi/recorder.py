# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes requests out of an OpenAPI document, sends them, and writes down what comes back."""

import http.client
import json
import urllib.parse

from support import api, wait

METHODS = {"get", "post", "put", "patch", "delete"}


def operations_of(document):
    """operationId -> (method, path, operation)"""
    return {operation["operationId"]: (method.upper(), path, operation)
            for path, item in document["paths"].items() for method, operation in item.items() if method in METHODS}


class Recorder:
    def __init__(self):
        self.exchanges, self.documents, self.kind = [], {}, None

    def describe(self, kind, headers=None):
        """Takes the description from the daemon, which is what requests are made out of from now on."""
        answer = api.request("GET", "/openapi.json", headers=headers)
        assert answer.status == 200, str(answer)
        self.kind, self.documents[kind] = kind, answer.json
        self.operations = operations_of(answer.json)

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.documents[self.kind]["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def sample(self, schema, given):
        """The smallest value that the schema takes; what is given by name replaces members of objects."""
        schema = self.resolve(schema)
        kind = schema.get("type", "object")
        kind = kind if isinstance(kind, str) else kind[0]
        if kind == "object":
            members = schema.get("properties", {})
            wanted = {*schema.get("required", ()), *(given.keys() & members.keys())}
            return {name: given[name] if name in given else self.sample(members[name], given)
                    for name in members if name in wanted}
        if kind == "integer":
            return schema.get("minimum", 0)
        if kind == "string":
            return "/" if schema.get("pattern") == "^/" else "x" * schema.get("minLength", 1)
        return {"boolean": True, "array": []}[kind]

    def build(self, name, values):
        """(method, path, body, headers) of a valid request. `values`: of parameters, and of the body's members."""
        method, path, operation = self.operations[name]
        query, headers, body = {}, {}, None
        for parameter in operation["parameters"]:
            value = values.get(parameter["name"])
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", urllib.parse.quote(str(value), safe=""))
            elif value is not None:
                {"query": query, "header": headers}[parameter["in"]][parameter["name"]] = value
        if "requestBody" in operation:
            (kind, media), = operation["requestBody"]["content"].items()
            body = self.sample(media["schema"], values)
            if body or operation["requestBody"]["required"]:
                headers["Content-Type"] = kind
            else:
                body = None
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return method, path, None if body is None else json.dumps(body).encode(), headers

    def note(self, name, expected, note, method, path, answer):
        self.exchanges.append({
            "kind": self.kind, "operation": name, "method": method, "path": path, "note": note, "expected": expected,
            "status": answer.status, "headers": dict(answer.headers.items()), "body": answer.text})
        return answer

    def send(self, name, expected, note="valid", headers=None, body=None, server="", **values):
        """Sends a request; it is checked later whether the status was as expected."""
        method, path, made, made_headers = self.build(name, values)
        path = server + path
        answer = api.request(method, path, made if body is None else body, {**made_headers, **(headers or {})})
        return self.note(name, expected, note, method, path, answer)

    def send_until(self, name, expected, good, **values):
        """Sends it until the answer is good, which is written down then."""
        def look():
            method, path, body, headers = self.build(name, values)
            answer = api.request(method, path, body, headers)
            return (method, path, answer) if good(answer) else None
        method, path, answer = wait.until(look, f"{name} is answered as it should be")
        return self.note(name, expected, "valid", method, path, answer)

    def send_head_of_large_body(self, name, expected, note, **values):
        """Says that a body of more than is allowed will come, and waits to be invited."""
        method, path, _, headers = self.build(name, values)
        connection = http.client.HTTPConnection(*api.ADDRESS, timeout=30)
        connection.putrequest(method, path)
        for key, value in {**headers, "Content-Type": "application/json", "Content-Length": str(1024 * 1024 + 1),
                           "Expect": "100-continue"}.items():
            connection.putheader(key, value)
        connection.endheaders()
        response = connection.getresponse()
        answer = api.Answer(response.status, response.headers, response.read(), 0)
        connection.close()
        return self.note(name, expected, note, method, path, answer)

    def stream(self, name, **values):
        return Stream(self, name, values)


class Stream:
    """An answer without end; close() writes down what of it has come."""

    def __init__(self, recorder, name, values):
        self.recorder, self.name, self.body = recorder, name, b""
        self.method, self.path, _, headers = recorder.build(name, values)
        self.connection = http.client.HTTPConnection(*api.ADDRESS, timeout=30)
        self.connection.request(self.method, self.path, headers=headers)
        self.response = self.connection.getresponse()

    def read_until(self, text):
        while text not in self.body:
            part = self.response.read1()
            assert part, f"{self.path} ended before {text}: {self.body}"
            self.body += part

    def close(self):
        answer = api.Answer(self.response.status, self.response.headers, self.body, 0)
        self.recorder.note(self.name, 200, "stream", self.method, self.path, answer)
        self.connection.close()
