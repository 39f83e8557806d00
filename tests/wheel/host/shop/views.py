from flask import Blueprint, request

from .extensions import db, subs
from .models import Company, Machine

pages = Blueprint("pages", __name__)


@pages.post("/sign-up")
def sign_up():
    company = Company(**request.form)
    db.session.add(company)
    db.session.flush()
    db.session.add(Machine(company_id=company.id))
    subs.start_trial(str(company.id), "pro")
    db.session.commit()
    return {"account": str(company.id)}


@pages.get("/companies/<int:number>")
def show(number):
    return ("Welcome.", 200) if subs.has_access(str(number)) else ("Your trial has ended.", 402)
