from flask_subscription_ops import Contact

from .extensions import db, subs
from .models import Company, Machine


@subs.contacts
def contacts(account_ids):
    companies = db.session.scalars(db.select(Company).where(Company.id.in_(map(int, account_ids))))
    return {str(company.id): Contact(company.email, company.name, company.locale) for company in companies}


@subs.suspend_workspaces
def suspend(account_id, operation):
    switch(account_id, running=False)


@subs.resume_workspaces
def resume(account_id, operation):
    switch(account_id, running=True)


def switch(account_id, *, running):
    db.session.execute(db.update(Machine).where(Machine.company_id == int(account_id)).values(running=running))
    db.session.commit()
