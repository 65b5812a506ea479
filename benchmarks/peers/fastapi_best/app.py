"""FastAPI at its best: an async route, bytes checked by pydantic once, predicted in the event loop,
bytes out. No thread, no DataFrame, no second validation of the answer, no access log.

It lacks what batching gives: every request pays the estimator's fixed cost alone.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from pydantic import TypeAdapter, ValidationError

from benchmarks import fitted
from models._contract import Rows


def route(served: fitted.Fitted) -> Callable[[Request], Awaitable[Response]]:
    read = Rows[served.contract.ROW].__pydantic_validator__.validate_json  # type: ignore[name-defined]
    write = TypeAdapter(list[served.contract.PREDICTION]).serializer.to_json  # type: ignore[name-defined]

    async def predict(request: Request) -> Response:
        try:
            rows = read(await request.body()).rows
        except ValidationError as error:
            return Response(error.json(), 400, media_type="application/json")
        content = b'{"predictions":%b}' % write(served.predict(rows))
        return Response(content, media_type="application/json")

    return predict


app = FastAPI()
for name, model in fitted.load_all().items():
    app.post(f"/{name}/predict")(route(model))
