from flask_mail import Mail
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from flask_subscription_ops import SubscriptionOps

db = SQLAlchemy()
migrate = Migrate()
mail = Mail()
subs = SubscriptionOps()
